"""
The whole chunk at once, by regression on the absolute error.

Kim, Finn, Liang, "Fine-tuning vision-language-action models: optimizing speed and success" (OFT),
2025.
"""
from torch import Tensor, nn

from vla_policies.mini.configuration import ModelConfiguration

__all__ = ['L1Head']

HIDDEN = 512


class L1Head(nn.Module):
    """Readouts [B, R, width] → actions [B, H, D], normalised."""

    def __init__(self, model: ModelConfiguration, steps: int, dimension: int) -> None:
        super().__init__()
        self.shape = (steps, dimension)
        self.layers = nn.Sequential(
            nn.Linear(model.readouts * model.width, HIDDEN), nn.GELU(),
            nn.Linear(HIDDEN, HIDDEN), nn.GELU(),
            nn.Linear(HIDDEN, steps * dimension))

    def sample(self, readouts: Tensor) -> Tensor:
        """The one answer; nothing is drawn."""
        return self.layers(readouts.flatten(1)).unflatten(1, self.shape)

    def loss(self, readouts: Tensor, actions: Tensor) -> Tensor:
        """Mean absolute error [B]."""
        return (self.sample(readouts) - actions).abs().mean((1, 2))
