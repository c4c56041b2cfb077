"""
Actions by flow matching, and how a plan that is already committed enters.

x_τ = (1 − τ) ε + τ a; the network gives v(x_τ, τ) ≈ a − ε, integrated from τ = 0 (Black et al.,
"π0", 2024). Guided in-painting follows "Real-time execution of action chunking flow policies" (RTC,
2025): with x̂ = x + (1 − τ) v and the committed plan y,

    v ← v + min(β, ((1 − τ)² + τ²) / (τ (1 − τ))) · (∂x̂/∂x)ᵀ W (y − x̂),

W being 1 for the steps that will be executed before the answer arrives and falling to 0 at the end
of the plan. Or the network was trained with a clean prefix, whose steps have τ = 1 ("Training-time
action conditioning for efficient real-time chunking", 2025), and no gradient is needed.
"""
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from vla_policies.mini.configuration import FlowSettings, ModelConfiguration

__all__ = ['FlowHead', 'soft_mask']

LONGEST_PREFIX = 8
PREFIX_SHARE = 0.5


def soft_mask(steps: int, delay: int, length: int) -> Tensor:
    """
    W [steps] of RTC: 1 before ``delay``, falling to 0 at ``length``.

    W_i = c_i (e^{c_i} − 1) / (e − 1) with c_i = (length − i) / (length − delay + 1).
    """
    index = torch.arange(steps, dtype=torch.float32)
    falling = ((length - index) / (length - delay + 1)).clamp(0.0, 1.0)
    weights = falling * torch.expm1(falling) / (math.e - 1)
    return torch.where(index < delay, 1.0, torch.where(index < length, weights, 0.0))


class FlowHead(nn.Module):
    """Readouts [B, R, width] → actions [B, H, D], normalised, in a settable number of steps."""

    def __init__(self, model: ModelConfiguration, steps: int, dimension: int) -> None:
        super().__init__()
        width = model.flow_width
        self.shape = (steps, dimension)
        self.enter = nn.Linear(dimension, width)
        self.place = nn.Parameter(torch.randn(steps, width) * 0.02)
        self.time = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.context = nn.Linear(model.width, width)
        self.summary = nn.Linear(model.readouts * model.width, width)
        layer = nn.TransformerEncoderLayer(
            width, model.heads, 4 * width, dropout=0.0, activation='gelu', batch_first=True,
            norm_first=True)
        self.layers = nn.TransformerEncoder(layer, model.head_layers, enable_nested_tensor=False)
        self.leave = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, dimension))
        frequencies = torch.exp(torch.linspace(0.0, math.log(1000.0), width // 2))
        self.register_buffer('frequencies', frequencies, persistent=False)

    def velocity(self, readouts: Tensor, noisy: Tensor, time: Tensor) -> Tensor:
        """v [B, H, D] at ``noisy`` [B, H, D] and ``time`` [B, H], one a step of the chunk."""
        angles = time[..., None] * self.frequencies
        clock = self.time(torch.cat([angles.sin(), angles.cos()], -1))
        tokens = (self.enter(noisy) + self.place + clock
                  + self.summary(readouts.flatten(1))[:, None])
        tokens = self.layers(torch.cat([self.context(readouts), tokens], 1))
        return self.leave(tokens[:, -self.shape[0]:])

    def loss(self, readouts: Tensor, actions: Tensor) -> Tensor:
        """
        Mean squared error of the velocity [B].

        Part of the samples show the first steps clean, as a prefix that is given.
        """
        batch, steps, _ = actions.shape
        noise = torch.randn_like(actions)
        # Times near the noise matter most; Beta(1.5, 1) mirrored, as π0 draws them.
        time = 1.0 - torch.rand(batch, device=actions.device) ** (1 / 1.5)
        length = torch.randint(1, LONGEST_PREFIX + 1, (batch,), device=actions.device)
        length = length * (torch.rand(batch, device=actions.device) < PREFIX_SHARE)
        given = torch.arange(steps, device=actions.device) < length[:, None]
        time = torch.where(given, 1.0, time[:, None])
        noisy = (1 - time[..., None]) * noise + time[..., None] * actions
        error = (self.velocity(readouts, noisy, time) - (actions - noise)) ** 2
        error = error.mean(2) * ~given
        return error.sum(1) / (~given).sum(1)

    def sample(
        self, readouts: Tensor, settings: FlowSettings, noise: Tensor,
        prefixes: Sequence[Tensor | None] | None = None, delays: Sequence[int] | None = None,
    ) -> Tensor:
        """
        Integrate from ``noise`` [B, H, D].

        ``prefixes`` [n, D] are normalised committed actions of each sample or None, of which the
        first ``delays`` are certain to be executed.
        """
        batch, steps = noise.shape[:2]
        plan = torch.zeros_like(noise)
        certain = torch.zeros(batch, steps)
        weights = torch.zeros(batch, steps)
        for row, prefix in enumerate(prefixes or ()):
            if prefix is None or not len(prefix):
                continue
            length = min(len(prefix), steps)
            delay = min(delays[row], length) if delays else length
            plan[row, :length] = prefix[:length]
            plan[row, length:] = prefix[length - 1]
            certain[row, :delay] = 1.0
            weights[row] = soft_mask(steps, delay, length)
        if settings.guidance == 'trained':
            result = self._integrate(readouts, settings.steps, noise, plan, certain > 0)
        elif weights.any():
            result = self._guided(readouts, settings, noise, plan, weights[..., None])
        else:
            result = self._integrate(readouts, settings.steps, noise)
        return torch.where(certain[..., None] > 0, plan, result)

    def _integrate(
        self, readouts: Tensor, steps: int, actions: Tensor, plan: Tensor | None = None,
        given: Tensor | None = None,
    ) -> Tensor:
        for step in range(steps):
            time = torch.full(actions.shape[:2], step / steps)
            if given is not None:
                time = torch.where(given, 1.0, time)
                actions = torch.where(given[..., None], plan, actions)
            actions = actions + self.velocity(readouts, actions, time) / steps
        return actions

    def _guided(
        self, readouts: Tensor, settings: FlowSettings, actions: Tensor, plan: Tensor,
        weights: Tensor,
    ) -> Tensor:
        steps = settings.steps
        for step in range(steps):
            tau = step / steps
            with torch.enable_grad():
                noisy = actions.detach().clone().requires_grad_()
                time = torch.full(noisy.shape[:2], tau)
                velocity = self.velocity(readouts, noisy, time)
                clean = noisy + (1 - tau) * velocity
                error = (weights * (plan - clean)).detach()
                pull, = torch.autograd.grad(clean, noisy, error)
            strength = settings.strongest if tau == 0 else min(
                settings.strongest, ((1 - tau) ** 2 + tau ** 2) / (tau * (1 - tau)))
            actions = actions + (velocity.detach() + strength * pull) / steps
        return actions
