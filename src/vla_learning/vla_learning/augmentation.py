"""Small changes of pictures that no task depends on: light, colour cast, noise of the sensor."""
import torch
from torch import Tensor

__all__ = ['augment']

BRIGHTNESS, CONTRAST, CAST, NOISE = 0.08, 0.15, 0.03, 0.015


def augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Images [B, V, 3, h, w] in [−0.5, 0.5], changed in place, each view by itself."""
    batch, views = images.shape[:2]

    def draw(spread: float, channels: int = 1) -> Tensor:
        uniform = torch.rand(batch, views, channels, 1, 1, generator=generator)
        return (2 * uniform - 1) * spread

    images.mul_(1 + draw(CONTRAST)).add_(draw(BRIGHTNESS) + draw(CAST, 3))
    grain = torch.randn(images.shape[2:], generator=generator)
    return images.add_(grain * (draw(NOISE).abs())).clamp_(-0.6, 0.6)
