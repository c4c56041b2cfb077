"""
Views to a map of features, modulated by the instruction, and the places worth looking at.

FiLM: γ and β of each channel come from the instruction (Perez et al., "FiLM: visual reasoning with
a general conditioning layer", 2018). A place is the expectation of a softmax over the map (Finn et
al., "Deep spatial autoencoders for visuomotor learning", 2016), here one for each query, so that
words can ask where something is.
"""
import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ['Places', 'VisionEncoder']


class _Block(nn.Module):
    """Two 3×3 convolutions around a skip, modulated."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(channels)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(channels)

    def forward(self, features: Tensor, film: Tensor | None) -> Tensor:
        hidden = functional.relu(self.first_norm(self.first(features)))
        hidden = self.second_norm(self.second(hidden))
        if film is not None:
            scale, shift = film[..., None, None].chunk(2, dim=1)
            hidden = hidden * (1 + scale) + shift
        return functional.relu(features + hidden)


class VisionEncoder(nn.Module):
    """
    Images [B, 3, h, w] in [−0.5, 0.5] → features [B, C, h / 4, w / 4].

    ``condition`` [B, width] is the instruction and the view.
    """

    def __init__(self, channels: tuple[int, int], width: int, film: bool) -> None:
        super().__init__()
        middle, wide = channels
        # Overlapping patches of 8 × 8: most of the cost of a usual stem is in its large maps.
        self.stem = nn.Sequential(
            nn.Conv2d(3, middle, 8, stride=4, padding=2, bias=False), nn.BatchNorm2d(middle),
            nn.ReLU())
        self.fine = _Block(middle)
        self.down = nn.Sequential(
            nn.Conv2d(middle, wide, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(wide),
            nn.ReLU())
        self.coarse = nn.ModuleList([_Block(wide), _Block(wide)])
        self.merge = nn.Conv2d(wide, wide, 1)
        self.skip = nn.Conv2d(middle, wide, 1)
        sizes = [2 * middle, 2 * wide, 2 * wide] if film else []
        self.film = nn.ModuleList([nn.Linear(width, size) for size in sizes])
        for layer in self.film:
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, images: Tensor, condition: Tensor) -> Tensor:
        films = [layer(condition) for layer in self.film] or [None] * 3
        fine = self.fine(self.stem(images), films[0])
        coarse = self.down(fine)
        for block, film in zip(self.coarse, films[1:]):
            coarse = block(coarse, film)
        coarse = functional.interpolate(self.merge(coarse), size=fine.shape[-2:], mode='nearest')
        return functional.relu(self.skip(fine) + coarse)


class Places(nn.Module):
    """
    Queries [B, Q, width] over features [B, C, h, w] → tokens [B, Q, width] of what is where.

    With them come the places themselves [B, Q, 3] (row and column in [−1, 1], and how sure the
    look is), the logarithms of the weights [B, Q, h · w], and how well the map answers each query
    [B, Q, 4]: best, mean, deviation and logarithm of the summed exponentials of the scores. The
    weights cannot tell that: they sum to one where nothing answers, too.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        self.query = nn.Linear(width, channels)
        self.key = nn.Conv2d(channels, channels, 1)
        self.value = nn.Conv2d(channels, channels, 1)
        self.token = nn.Linear(channels + 3, width)

    def forward(
        self, queries: Tensor, features: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        channels, height, width = features.shape[1:]
        keys = self.key(features).flatten(2)
        values = self.value(features).flatten(2).transpose(1, 2)
        scores = self.query(queries) @ keys / channels ** 0.5
        scores = scores.float()
        looks = scores.log_softmax(-1)
        answers = torch.stack([
            scores.amax(-1), scores.mean(-1), scores.std(-1), scores.logsumexp(-1)], -1)
        weights = looks.exp()
        rows = torch.linspace(-1, 1, height, device=features.device)
        columns = torch.linspace(-1, 1, width, device=features.device)
        grid = torch.stack(torch.meshgrid(rows, columns, indexing='ij'), -1).reshape(-1, 2)
        sharp = looks.amax(-1, keepdim=True) / 5 + 1
        places = torch.cat([weights @ grid, sharp], -1)
        found = weights.to(values.dtype) @ values
        return self.token(torch.cat([found, places], -1)), places, looks, answers
