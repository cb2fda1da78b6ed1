"""How a regression is scored: MAE, MSE, RMSE and R², and what outliers do to each.

What: with errors e = prediction - target over n samples,

    MAE  = mean |e|               in the target's units; minimised by the median
    MSE  = mean e²                in squared units; minimised by the mean
    RMSE = sqrt(MSE) >= MAE       in the target's units again, but ruled by the large errors
    R²   = 1 - sum e² / sum (y - mean y)²      1 is perfect, 0 no better than the targets' mean

Why it matters which: squaring makes one error of 10 weigh as much as a hundred errors of 1. That
holds for the metric, and for a model trained on it: the derivative of e² is 2e, so an outlier pulls
in proportion to its size, while |e| pulls with constant force and the Huber loss, quadratic near 0
and linear beyond, caps the pull. R² is a comparison, not a square: it is negative whenever a model
does worse on new data than their mean would.

Paper: Huber, "Robust Estimation of a Location Parameter", 1964.

Run: python corpus/code/regression_metrics.py    (scikit-learn's diabetes data, some targets spoilt)
"""

# mypy: allow-untyped-calls

from collections.abc import Callable

import torch
import torch.nn.functional as F
from sklearn.datasets import load_diabetes  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn

Loss = Callable[[Tensor, Tensor], Tensor]


def _check(predicted: Tensor, target: Tensor) -> None:
    # (n, 1) against (n,) would broadcast to (n, n) and average over every pair, silently.
    if predicted.shape != target.shape or target.numel() == 0:
        raise ValueError(f"expected one prediction per target: {tuple(predicted.shape)}, {tuple(target.shape)}")


def mae(predicted: Tensor, target: Tensor) -> Tensor:
    """Return the mean absolute error."""
    _check(predicted, target)
    return (predicted - target).abs().mean()


def mse(predicted: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared error."""
    _check(predicted, target)
    return (predicted - target).square().mean()


def rmse(predicted: Tensor, target: Tensor) -> Tensor:
    """Return the root of the mean squared error: the root comes last, after the mean."""
    return mse(predicted, target).sqrt()


def r2(predicted: Tensor, target: Tensor) -> Tensor:
    """Return 1 - (squared error of the model) / (squared error of the targets' own mean)."""
    _check(predicted, target)
    total = (target - target.mean()).square().sum()
    if total == 0:
        raise ValueError("R² is undefined when all targets are equal")
    return 1 - (predicted - target).square().sum() / total


def best_constant(target: Tensor, loss: Loss, steps: int = 500, lr: float = 0.5) -> float:
    """Find by gradient descent the one number that has the least loss against all targets."""
    constant = torch.zeros_like(target[0], requires_grad=True)
    for step in range(steps):
        (gradient,) = torch.autograd.grad(loss(constant.expand_as(target), target), constant)
        with torch.no_grad():
            constant -= lr * (1 - step / steps) * gradient  # |e| has no curvature: the step must shrink
    return constant.item()


def fit_linear(x: Tensor, y: Tensor, loss: Loss, steps: int = 200) -> nn.Linear:
    """Fit y (N,) by a linear layer on standardised features x (N, D) under the loss given."""
    if x.dim() != 2 or y.shape != x.shape[:1]:
        raise ValueError(f"expected x (N, D) and y (N,), got {tuple(x.shape)} and {tuple(y.shape)}")
    model = nn.Linear(x.shape[1], 1).to(x)
    nn.init.zeros_(model.weight)
    nn.init.constant_(model.bias, y.median().item())
    # All data at once and few weights: LBFGS, which learns the curvature, needs far fewer steps than Adam.
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=steps, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss(model(x).squeeze(1), y)
        value.backward()
        return value

    optimizer.step(closure)
    return model


def diabetes() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return x and y to train on (300) and to test on (142); y runs from 25 to 346."""
    data = load_diabetes()
    x, y = torch.tensor(data.data), torch.tensor(data.target)
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0))
    x, y = x[order], y[order]
    x = (x - x[:300].mean(dim=0)) / x[:300].std(dim=0)
    return x[:300], y[:300], x[300:], y[300:]


def spoil(y: Tensor, share: float = 0.05) -> Tensor:
    """Return a copy in which every twentieth target has lost its decimal point: ten times too large."""
    return torch.where(torch.arange(len(y)) % round(1 / share) == 0, 10 * y, y)


def report(predicted: Tensor, target: Tensor) -> str:
    """Return the three readable figures in one line."""
    return f"MAE {mae(predicted, target):6.1f}, RMSE {rmse(predicted, target):6.1f}, R² {r2(predicted, target):6.2f}"


def main() -> None:
    """Work the figures on four numbers, then show outliers in the data and a negative R²."""
    torch.set_num_threads(1)
    target, predicted = torch.tensor([2.0, 4, 6, 8]), torch.tensor([3.0, 4, 6, 12])
    print(f"targets 2, 4, 6, 8 and predictions 3, 4, 6, 12: MAE {mae(predicted, target):.2f},", end=" ")
    print(f"MSE {mse(predicted, target):.2f}, RMSE {rmse(predicted, target):.2f}, R² {r2(predicted, target):.2f}")
    values = torch.tensor([1.0, 2, 3, 4, 90])
    print(f"one number for 1, 2, 3, 4, 90: {best_constant(values, mse):.1f} has least MSE (the mean),", end=" ")
    print(f"{best_constant(values, mae):.1f} least MAE (the median)")
    x, y, test_x, test_y = diabetes()
    print("diabetes, linear model, on 142 untouched patients:")
    print(f"  the training mean, always:     {report(y.mean().expand_as(test_y), test_y)}")
    losses: dict[str, Loss] = {"MSE": mse, "MAE": mae, "Huber": lambda p, t: F.huber_loss(p, t, delta=50.0)}
    for state, labels in (("clean", y), ("5% x10", spoil(y))):
        for name, loss in losses.items():
            predicted = fit_linear(x, labels, loss)(test_x).squeeze(1).detach()
            print(f"  trained on {state:6} targets, {name:5}: {report(predicted, test_y)}")
    # Nearly as many weights as samples: a good fit where they were fitted, worse than the mean elsewhere.
    pairs = torch.combinations(torch.arange(x.shape[1]), with_replacement=True)
    wide, test_wide = (torch.cat((z, z[:, pairs[:, 0]] * z[:, pairs[:, 1]]), dim=1) for z in (x, test_x))
    weights = torch.linalg.lstsq(wide[:80], (y[:80] - y[:80].mean()).unsqueeze(1), driver="gelsd").solution
    for name, features, labels in (("these", wide[:80], y[:80]), ("new", test_wide, test_y)):
        score = report((features @ weights).squeeze(1) + y[:80].mean(), labels)
        print(f"65 weights fitted to 80 patients, {name:5} patients: {score}")


if __name__ == "__main__":
    main()
