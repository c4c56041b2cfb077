"""Language, views and state fused to what every head starts from."""
import torch
from torch import Tensor, nn
from torch.nn import functional

from vla_policies.mini.configuration import ModelConfiguration
from vla_policies.mini.language import DIMENSION
from vla_policies.mini.vision import Places, VisionEncoder

__all__ = ['Backbone']

#: Target and goal.
WATCHED = 2


class Backbone(nn.Module):
    """
    Images [B, V, 3, h, w] in [−0.5, 0.5], state [B, n] normalised, text tokens [B, L, 384] with
    mask [B, L] (true where there is a token) → readouts [B, R, width].

    ``look`` is the slow half (language and vision), ``fuse`` the fast one, which adds the newest
    state: what lies between them is the latent of a fast-slow runtime. The first words of the
    summary ask each view where the target and the goal are, if training says so (`watch`).
    """

    def __init__(self, model: ModelConfiguration, views: int, state: int) -> None:
        super().__init__()
        width = model.width
        self.views = views
        looking = max(model.key_points - model.words, 1)
        # The last row of the latent holds the places of target and goal, and how well they answer.
        self.latent_shape = (model.words + views * (model.words + looking) + 1, width)
        self._spots = views * WATCHED * 3
        self._answers = views * WATCHED * 4
        if self._spots + self._answers > width:
            raise ValueError(f'width: must be at least {self._spots + self._answers} for {views} '
                             f'views (got {width})')
        self.words = nn.Linear(DIMENSION, width)
        self.word_norm = nn.LayerNorm(width)
        self.word_queries = nn.Parameter(torch.randn(model.words, width) * 0.02)
        self.reading = nn.MultiheadAttention(width, model.heads, batch_first=True)
        self.read = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(),
                                  nn.Linear(2 * width, width))
        self.topic = nn.Sequential(nn.Linear(model.words * width, width), nn.GELU())
        self.view = nn.Parameter(torch.randn(views, width) * 0.02)
        self.vision = VisionEncoder(model.channels, width, model.film)
        self.looking = nn.Parameter(torch.randn(views, looking, width) * 0.02)
        self.asked = nn.Linear(width, width)
        self.places = Places(model.channels[1], width)
        self.situation = nn.Sequential(
            nn.Linear(state + self._spots, 2 * width), nn.GELU(),
            nn.Linear(2 * width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.readouts = nn.Parameter(torch.randn(model.readouts, width) * 0.02)
        layer = nn.TransformerEncoderLayer(
            width, model.heads, 4 * width, dropout=0.0, activation='gelu', batch_first=True,
            norm_first=True)
        self.fusion = nn.TransformerEncoder(layer, model.layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)

    def look(self, images: Tensor, text: Tensor, mask: Tensor) -> Tensor:
        """What was read and seen, tokens [B, T, width]."""
        return self.watch(images, text, mask)[0]

    def watch(self, images: Tensor, text: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """
        The same, and where target and goal were looked for.

        That is the logarithm of a distribution [B, V, 2, h / 4 · w / 4] over each view.
        """
        batch = len(images)
        tokens = self.word_norm(self.words(text))
        queries = self.word_queries.expand(batch, -1, -1)
        read, _ = self.reading(queries, tokens, tokens, key_padding_mask=~mask, need_weights=False)
        read = read + self.read(read)
        topic = self.topic(read.flatten(1))
        condition = (topic[:, None] + self.view).flatten(0, 1)
        features = self.vision(images.flatten(0, 1), condition)
        asked = self.asked(read)[:, None].expand(-1, self.views, -1, -1)
        looking = (self.looking + self.view[:, None]).expand(batch, -1, -1, -1) + (
            topic[:, None, None])
        found, places, looks, answers = self.places(
            torch.cat([asked, looking], 2).flatten(0, 1), features)
        found = found.unflatten(0, (batch, self.views)) + self.view[:, None]
        spots = torch.cat([
            of_all.unflatten(0, (batch, self.views))[:, :, :WATCHED].flatten(1)
            for of_all in (places, answers)], 1)
        spots = functional.pad(spots, (0, read.shape[-1] - spots.shape[1]))
        looks = looks.unflatten(0, (batch, self.views))[:, :, :WATCHED]
        return torch.cat([read, found.flatten(1, 2), spots[:, None].to(read.dtype)], 1), looks

    def grounding(self, seen: Tensor) -> Tensor:
        """
        How well each view answers to target and goal [B, V · 2 · 4], of what was seen.

        No action depends on it: it tells monitors whether what was named is there at all.
        """
        return seen[:, -1, self._spots:self._spots + self._answers].float()

    def fuse(self, seen: Tensor, state: Tensor) -> Tensor:
        """
        Readouts [B, R, width] of what was seen and the state [B, n].

        State and places also go past the transformer: what is exact in them stays so.
        """
        spots = seen[:, -1, :self._spots].float()
        situation = self.situation(torch.cat([state, spots], 1))[:, None]
        tokens = torch.cat([self.readouts.expand(len(seen), -1, -1), situation, seen[:, :-1]], 1)
        return self.norm(self.fusion(tokens)[:, :len(self.readouts)] + situation)


