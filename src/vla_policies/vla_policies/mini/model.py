"""Backbone and heads as one network."""
from torch import Tensor, nn

from vla_core.policy_contract import PolicyContract
from vla_policies.mini import heads
from vla_policies.mini.backbone import Backbone
from vla_policies.mini.configuration import ModelConfiguration

__all__ = ['MiniModel', 'parameter_count']


class MiniModel(nn.Module):
    """
    Backbone, the heads named, and a side branch that tells where target and goal are.

    ``place`` [B, 6] is trained where the data say it (m, in the frame of the actions, scaled); it
    teaches the backbone what words mean and costs nothing at run time.
    """

    def __init__(
        self, model: ModelConfiguration, contract: PolicyContract, names: tuple[str, ...],
    ) -> None:
        super().__init__()
        self.backbone = Backbone(model, len(contract.images), contract.state.dimension)
        action = contract.action
        self.heads = nn.ModuleDict({
            name: heads.create(name, model, action.horizon, action.space.dimension)
            for name in names})
        self.place = nn.Linear(model.readouts * model.width, 6)

    def forward(
        self, images: Tensor, state: Tensor, text: Tensor, mask: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Readouts [B, R, width] and looks [B, V, 2, cells]; see `Backbone`."""
        seen, looks = self.backbone.watch(images, text, mask)
        return self.backbone.fuse(seen, state), looks


def parameter_count(model: nn.Module) -> int:
    """How many numbers were trained."""
    return sum(parameter.numel() for parameter in model.parameters())
