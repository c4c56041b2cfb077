"""What makes up a mini model; the part of ``policy.yaml`` beside its kind."""
from typing import Literal

from pydantic import Field

from vla_core.validation import StrictModel
from vla_policies.processing.normalisation import Method

__all__ = ['FlowSettings', 'MiniConfiguration', 'ModelConfiguration']


class ModelConfiguration(StrictModel):
    """Sizes of the network; weights fit only the sizes they were trained with."""

    width: int = Field(128, ge=16, multiple_of=8, description='of a token of the transformer')
    layers: int = Field(3, ge=1, description='of the transformer that fuses')
    heads: int = Field(4, ge=1, description='of its attention')
    channels: tuple[int, int] = Field(
        (32, 48), description='of the vision encoder at 1/4 and 1/8 of the image')
    key_points: int = Field(12, ge=2, description='places looked at in each view')
    words: int = Field(6, ge=2, description='tokens that an instruction is summed up in')
    readouts: int = Field(4, ge=1, description='tokens handed to the heads')
    film: bool = Field(True, description='let the instruction modulate vision (FiLM)')
    flow_width: int = Field(128, ge=16, description='of the flow head')
    token_width: int = Field(128, ge=16, description='of the token head')
    head_layers: int = Field(2, ge=1, description='of the flow and of the token head')
    bins: int = Field(256, ge=2, le=1024, description='of the token head')


class FlowSettings(StrictModel):
    """How the flow head integrates, and is guided when there is a prefix."""

    steps: int = Field(8, ge=1, le=100, description='Euler steps from noise to action')
    guidance: Literal['trained', 'guided'] = Field(
        'guided', description='a prefix enters by guidance (RTC) or as the model was trained')
    strongest: float = Field(5.0, gt=0, description='limit β of the guidance weight')
    noise: float = Field(1.0, ge=0, description='deviation of the initial noise; 0: the mean')


class MiniConfiguration(StrictModel):
    """A policy of the family: head, sizes, normalisation."""

    name: str = 'mini'
    head: Literal['l1', 'flow', 'tokens'] = 'l1'
    predicts: Literal['actions', 'tips'] = Field(
        'actions', description='the actions of the contract, or for joint positions the poses '
                               'to which they bring the tips')
    weights: str = Field('model.safetensors', description='file, relative to the folder')
    statistics: str = Field('statistics.json', description='file, relative to the folder')
    state_normalisation: Method = 'mean_std'
    action_normalisation: Method = 'mean_std'
    model: ModelConfiguration = ModelConfiguration()
    flow: FlowSettings = FlowSettings()
