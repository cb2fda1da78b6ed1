"""What autograd records, what it saves, and why some changes in place break the backward pass.

What: in the forward pass each operation on a tensor that requires a gradient adds a node to a graph. It links
to the nodes of its inputs and saves what its derivative will need. backward() walks the graph from the
loss, multiplying gradients, and frees what was saved. Four consequences:

    in place     exp saves its OUTPUT (exp' = exp), sin its INPUT (sin' = cos of it). Changing the output in
                 place spoils the first and not the second; a version counter notices
    twice        a second backward() finds nothing saved, unless retain_graph=True
    leaves       only leaves, made by the user and not by an operation, keep .grad
    sums         gradients are added to .grad, which is why they are zeroed at each step

Paper: Paszke et al., "Automatic Differentiation in PyTorch", 2017.

Run: python corpus/code/autograd_graph.py    (each consequence, and a gradient that is walked by hand)
"""

# mypy: allow-untyped-calls

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor


def outcome(action: Callable[[], object]) -> str:
    """Return "works", or the first words of the error that autograd raises."""
    try:
        action()
    except RuntimeError as error:
        return "error: " + str(error).split(":")[0].split(",")[0][:75]
    return "works"


def change_output(function: Callable[[Tensor], Tensor]) -> Tensor:
    """Apply the function, add 1 to its output in place, and return the gradient of the sum: the derivative."""
    w = torch.tensor([0.5, 1.0], requires_grad=True)
    y = function(w)
    y.add_(1)
    y.sum().backward()
    assert w.grad is not None
    return w.grad


def backward_twice(retain: bool) -> Tensor:
    """Return the gradient after two backward passes through one graph: twice that of one."""
    w = torch.tensor(3.0, requires_grad=True)
    y = w * w
    y.backward(retain_graph=retain)
    y.backward()
    assert w.grad is not None
    return w.grad


def scaled_start_wrong() -> Tensor:
    """Make small weights by multiplying a leaf: the result is no leaf, has no .grad, and no optimiser takes it."""
    return torch.randn(3, requires_grad=True) * 0.01


def scaled_start() -> Tensor:
    """Multiply first, then ask for the gradient: a leaf."""
    return (torch.randn(3) * 0.01).requires_grad_()


def descend(w: Tensor, lr: float, guarded: bool) -> None:
    """Change a leaf in place by its gradient; autograd allows it only where it is told not to watch."""
    assert w.grad is not None
    if guarded:
        with torch.no_grad():
            w -= lr * w.grad
    else:
        w -= lr * w.grad


def nodes(y: Tensor) -> list[str]:
    """Return the names of the graph's nodes from y back to the leaves, depth first, each once."""
    found: list[str] = []
    stack, seen = [y.grad_fn], set()
    while stack:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        found.append(node.name())
        stack.extend(following for following, _ in reversed(node.next_functions))
    return found


def main() -> None:
    """Show the graph, then each consequence."""
    torch.manual_seed(0)
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    loss = (w.exp() * w).sum()
    print(f"graph of (exp(w) * w).sum(): {' <- '.join(nodes(loss))}")
    functions = {"exp": torch.exp, "sin": torch.sin, "sigmoid": torch.sigmoid, "log": torch.log}
    for name, function in functions.items():
        print(f"  {name}, then add_(1), then backward: {outcome(partial(change_output, function))}")
    print(f"backward twice: {outcome(partial(backward_twice, retain=False))}")
    print(f"  with retain_graph=True the gradient of w^2 at 3 is {backward_twice(retain=True):.0f}, the sum of both")
    starts = {"randn(requires_grad=True) * 0.01": scaled_start_wrong(), "requires_grad_() last": scaled_start()}
    for name, start in starts.items():
        print(f"  {name:<33} leaf: {start.is_leaf}{'' if start.is_leaf else ', so no optimiser takes it'}")
    loss.backward()
    for guarded in (False, True):
        print(f"w -= lr * w.grad, no_grad {guarded!s:<5}: {outcome(partial(descend, w, 0.1, guarded))}")


if __name__ == "__main__":
    main()
