"""An autoencoder: squeeze an input through a narrow code and rebuild it.

What: an encoder maps the input to a few numbers, a decoder maps them back, and the loss is the
distance between the input and its reconstruction; no label is used. The narrow code is the point:
as wide as the input, the network could learn to copy.

What it can and cannot beat: with linear layers and squared error the best it can do is span the
subspace of PCA of the same width. Non-linear layers bend that plane to follow the data. It is no
generative model: nothing says which codes are likely, so a random code decodes to anything (the
VAE adds that).

Papers: Hinton and Salakhutdinov, "Reducing the Dimensionality of Data with Neural Networks", 2006;
Baldi and Hornik, "Neural Networks and Principal Component Analysis", 1989.

Run: python corpus/code/autoencoder.py    (trains on scikit-learn's 8x8 digits)
"""

# mypy: allow-untyped-calls

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits  # type: ignore[import-untyped,unused-ignore]
from sklearn.decomposition import PCA  # type: ignore[import-untyped,unused-ignore]
from torch import Tensor, nn


class Autoencoder(nn.Module):
    """Encoder input -> hidden layers -> code, and a decoder that mirrors it."""

    def __init__(self, input_dim: int, code_dim: int, hidden_dims: Sequence[int] = (128,)) -> None:
        """`hidden_dims` lists the encoder's hidden widths; () makes a linear autoencoder."""
        super().__init__()
        if not 1 <= code_dim < input_dim:
            raise ValueError(f"code_dim must lie in 1..{input_dim - 1}, or nothing is squeezed")
        widths = [input_dim, *hidden_dims, code_dim]
        self.input_dim = input_dim
        self.encoder = _mlp(widths)
        self.decoder = _mlp(widths[::-1])

    def encode(self, x: Tensor) -> Tensor:
        """Map inputs (B, input_dim) to codes (B, code_dim)."""
        if x.dim() != 2 or x.shape[1] != self.input_dim:
            raise ValueError(f"expected inputs (B, {self.input_dim}), got {tuple(x.shape)}")
        code: Tensor = self.encoder(x)
        return code

    def decode(self, code: Tensor) -> Tensor:
        """Map codes (B, code_dim) to reconstructions (B, input_dim)."""
        reconstruction: Tensor = self.decoder(code)
        return reconstruction

    def forward(self, x: Tensor) -> Tensor:
        """Rebuild inputs (B, input_dim) from their codes."""
        return self.decode(self.encode(x))


def _mlp(widths: Sequence[int]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i in range(len(widths) - 1):
        layers += [nn.Linear(widths[i], widths[i + 1]), nn.ReLU()]
    return nn.Sequential(*layers[:-1])  # no ReLU at the end: codes and outputs take either sign


def train(
    model: Autoencoder,
    inputs: Tensor,
    *,
    epochs: int = 100,
    batch_size: int = 64,
    lr: float = 1e-2,
    seed: int = 0,
) -> list[float]:
    """Fit the model in place; return the mean squared error of each epoch."""
    if len(inputs) == 0:
        raise ValueError("training needs at least one input")
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    # The rate falls to zero along a half cosine, so that the last steps settle.
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)
    shuffle = torch.Generator().manual_seed(seed)
    history: list[float] = []
    model.train()
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(inputs), generator=shuffle).split(batch_size):
            loss = F.mse_loss(model(inputs[batch]), inputs[batch])  # the target is the input
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        schedule.step()
        history.append(total / len(inputs))
    return history


def reconstruction_error(model: Autoencoder, inputs: Tensor) -> float:
    """Return the mean squared error per pixel."""
    model.eval()
    with torch.inference_mode():
        return F.mse_loss(model(inputs), inputs).item()


def pca_error(train_inputs: Tensor, test_inputs: Tensor, code_dim: int) -> float:
    """Return the test error of PCA with `code_dim` components, fitted on the training inputs."""
    pca = PCA(n_components=code_dim).fit(train_inputs.numpy())
    rebuilt = pca.inverse_transform(pca.transform(test_inputs.numpy()))
    return F.mse_loss(torch.as_tensor(rebuilt), test_inputs).item()


def digits() -> tuple[Tensor, Tensor]:
    """Return training and held-out images, each (N, 64) in [0, 1]."""
    images = torch.tensor(load_digits().data / 16.0, dtype=torch.float32)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return images[order[450:]], images[order[:450]]


def main() -> None:
    """Compare the mean image, PCA, a linear and a non-linear autoencoder on held-out digits."""
    torch.set_num_threads(1)  # tensors this small: a second thread waits more than it works
    train_inputs, test_inputs = digits()
    code_dim = 8
    mean_error = F.mse_loss(train_inputs.mean(dim=0).expand_as(test_inputs), test_inputs)
    print(f"held-out error per pixel, {code_dim} numbers for each image of 64 pixels")
    print(f"  always the mean image:  {mean_error:.4f}")
    print(f"  PCA:                    {pca_error(train_inputs, test_inputs, code_dim):.4f}")
    for name, hidden_dims in (("linear autoencoder:    ", ()), ("non-linear autoencoder:", (128,))):
        torch.manual_seed(0)
        model = Autoencoder(input_dim=64, code_dim=code_dim, hidden_dims=hidden_dims)
        train(model, train_inputs)
        print(f"  {name} {reconstruction_error(model, test_inputs):.4f}")


if __name__ == "__main__":
    main()
