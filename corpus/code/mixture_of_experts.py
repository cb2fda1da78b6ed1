"""Mixture of experts: many feed-forward networks, of which each token uses a few.

What: a router scores the N experts for each token, the best k are run, and their outputs are added with the
router's weights:

    p = softmax(W x),   T = the k largest,   y = sum over i in T of  g_i E_i(x),   g = p_T / sum(p_T)  (k > 1)

Why: the parameters grow with N, the work per token with k. Memory has to hold all of them, and a large batch
reads nearly all.

Balance: whoever is ahead gets more tokens, learns faster and gets further ahead. The auxiliary loss
N sum_i f_i P_i (f_i the share of assignments to expert i, P_i its mean probability) is 1 when both are
even and N when one expert has all. f has no gradient; P has, and it lowers what is overused.

Papers: Shazeer et al., "Outrageously Large Neural Networks: The Sparsely-Gated Mixture-of-Experts Layer", 2017;
Fedus, Zoph and Shazeer, "Switch Transformers", 2022 (the loss); Jiang et al., "Mixtral of Experts", 2024.

Run: python corpus/code/mixture_of_experts.py    (counts of a real size; routing with and without the loss)
"""

# mypy: allow-untyped-calls

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Routing(NamedTuple):
    """What the router decides for tokens (T, D)."""

    experts: Tensor
    """(T, k), the chosen ones, best first"""
    gates: Tensor
    """(T, k), their weights; from k = 2 on they sum to 1"""
    probability: Tensor
    """(T, N), of all experts, before the choice"""


class MixtureOfExperts(nn.Module):
    """A sparse layer in the place of a Transformer's feed-forward network."""

    def __init__(self, dim: int, num_experts: int, top_k: int = 2, hidden_dim: int = 32) -> None:
        super().__init__()
        if not 1 <= top_k <= num_experts:
            raise ValueError(f"top_k must lie in 1..{num_experts}, not {top_k}")
        self.top_k, self.num_experts = top_k, num_experts
        self.router = nn.Linear(dim, num_experts, bias=False)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(dim, hidden_dim), nn.ReLU(), nn.Linear(hidden_dim, dim)) for _ in range(num_experts)
        )

    def route(self, x: Tensor) -> Routing:
        """Choose for each token of x (T, D)."""
        probability = self.router(x).softmax(dim=1)
        largest, experts = probability.topk(self.top_k, dim=1)
        # One alone keeps its probability (Switch): scaled to 1 it would be constant and teach the router nothing.
        gates = largest if self.top_k == 1 else largest / largest.sum(dim=1, keepdim=True)
        return Routing(experts, gates, probability)

    def forward(self, x: Tensor) -> tuple[Tensor, Routing]:
        """Map tokens (T, D) to (T, D); each expert sees only its own tokens."""
        routing = self.route(x)
        y = torch.zeros_like(x)
        for number, expert in enumerate(self.experts):
            token, place = (routing.experts == number).nonzero(as_tuple=True)
            if len(token):  # y[token] is touched once: a token chooses an expert at most once
                y = y.index_add(0, token, routing.gates[token, place].unsqueeze(1) * expert(x[token]))
        return y, routing


def load(routing: Routing) -> Tensor:
    """Return f (N,), the share of all assignments that goes to each expert."""
    count = torch.bincount(routing.experts.flatten(), minlength=routing.probability.shape[1])
    return count / count.sum()


def balance_loss(routing: Routing) -> Tensor:
    """Return N sum f P: 1 where the load is even; to be added with a small factor (Switch: 0.01)."""
    return routing.probability.shape[1] * (load(routing) * routing.probability.mean(dim=0)).sum()


class Size(NamedTuple):
    """Parameters of a whole model."""

    total: int
    active: int
    """those that a token uses"""


def model_size(
    layers: int, dim: int, hidden_dim: int, num_experts: int, top_k: int, *, attention: int, embeddings: int
) -> Size:
    """Count with SwiGLU experts (three matrices each); `attention` is per layer. Routers and norms are left out."""
    if min(layers, dim, hidden_dim, num_experts, top_k) < 1 or top_k > num_experts:
        raise ValueError("every number must be at least 1, and top_k at most num_experts")
    expert, shared = 3 * dim * hidden_dim, layers * attention + embeddings
    return Size(layers * num_experts * expert + shared, layers * top_k * expert + shared)


def train(model: MixtureOfExperts, x: Tensor, target: Tensor, *, balance: float, steps: int = 300) -> float:
    """Fit the model in place; return the last mean squared error."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(steps):
        rows = torch.randint(len(x), (256,))
        y, routing = model(x[rows])
        error = F.mse_loss(y, target[rows])
        optimizer.zero_grad()
        (error + balance * balance_loss(routing)).backward()
        optimizer.step()
    return error.item()


def main() -> None:
    """Count a model of eight experts, then watch the load of a router that starts with favourites."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    size = model_size(32, 4096, 14336, 8, 2, attention=41_900_000, embeddings=262_000_000)
    print(f"32 layers, d 4096, 8 SwiGLU experts of 14336, 2 a token: {size.total / 1e9:.1f}B parameters", end="")
    print(f", {size.active / 1e9:.1f}B active ({2 * size.total / 1e9:.0f} GB in bf16 all the same)")
    torch.manual_seed(0)
    x = torch.randn(4000, 8)
    target = torch.where(x[:, :1] > 0, x.roll(1, dims=1), -x.square())  # two kinds of tokens
    print("8 experts, 1 a token, a router that starts with a favourite: share of the tokens by expert, error")
    for balance in (0.0, 0.5):  # large, as the error here is small and the steps are few
        torch.manual_seed(0)
        model = MixtureOfExperts(8, num_experts=8, top_k=1)
        with torch.no_grad():
            model.router.weight.mul_(0.1)
            model.router.weight[0, 0] += 1.0  # expert 0 is ahead on half of the tokens,
            model.router.weight[1, 0] -= 1.0  # expert 1 on the other half
        error = train(model, x, target, balance=balance)
        with torch.inference_mode():
            routing = model.route(x)
        shares = " ".join(f"{share:4.0%}" for share in load(routing))
        print(f"  factor {balance:.2f}: {shares}   balance loss {balance_loss(routing):.2f}   error {error:.3f}")


if __name__ == "__main__":
    main()
