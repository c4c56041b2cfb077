"""Under which names an observation goes to a server: images, pieces of the state, the text."""
from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import Field, model_validator

from vla_core.observation import Observation
from vla_core.policy_contract import ContractError, PolicyContract
from vla_core.validation import StrictModel, near_matches, problem
from vla_policies.wire.openpi_layout import Layout

__all__ = ['ImageField', 'RequestLayout', 'StateField', 'short_name']


class ImageField(StrictModel):
    """One image of the request."""

    key: str = Field(min_length=1, description='name in the request')
    image: str = Field(min_length=1, description='key of the image in the contract')
    group: str = Field('', description='map of the request that holds it; empty: the request')
    channels_first: bool = Field(False, description='[3, h, w] rather than [h, w, 3]')


class StateField(StrictModel):
    """Numbers ``start`` to ``stop`` (exclusive) of the contract's state, under a name."""

    key: str = Field(min_length=1, description='name in the request')
    start: int = Field(ge=0)
    stop: int = Field(gt=0)
    complement: bool = Field(
        False, description='send 1 - x: for a server whose gripper is 1 when closed')

    @model_validator(mode='after')
    def _check(self) -> 'StateField':
        if self.stop <= self.start:
            raise problem('stop', f'must be more than start, {self.start} (got {self.stop})')
        return self


class RequestLayout(StrictModel):
    """Names of everything in a request."""

    images: tuple[ImageField, ...] = ()
    state: tuple[StateField, ...] = ()
    instruction: str = Field('prompt', min_length=1)

    @classmethod
    def of_contract(cls, contract: PolicyContract) -> 'RequestLayout':
        """The contract's own keys."""
        return cls(
            images=tuple(ImageField(key=entry.key, image=entry.key) for entry in contract.images),
            state=whole_state(contract, contract.state.key if contract.state else ''))

    @classmethod
    def of_openpi(cls, layout: Layout, contract: PolicyContract) -> 'RequestLayout':
        """The keys of one of openpi's robots; ContractError when the contract does not fit."""
        try:
            cameras = layout.cameras_of([entry.key for entry in contract.images])
        except ValueError as error:
            raise ContractError(f'contract {contract.name}: images: {error}') from error
        images = tuple(
            ImageField(key=layout.cameras[camera], image=key, group=layout.image_group,
                       channels_first=layout.channels_first)
            for key, camera in cameras.items())
        if contract.state is None:
            return cls(images=images, instruction=layout.prompt)
        if len(layout.state) == 1:
            state = whole_state(contract, layout.state[0])
        else:
            last = contract.state.dimension - 1
            state = (StateField(key=layout.state[0], start=0, stop=last),
                     StateField(key=layout.state[1], start=last, stop=last + 1,
                                complement=layout.gripper_closed))
        return cls(images=images, state=state, instruction=layout.prompt)

    def check(self, contract: PolicyContract) -> 'RequestLayout':
        """Return the layout itself; ContractError for what ``contract`` has not."""
        known = [entry.key for entry in contract.images]
        for entry in self.images:
            if entry.image not in known:
                raise ContractError(
                    f'layout.images: contract {contract.name} has no image {entry.image!r}; '
                    f'{near_matches(entry.image, known)}')
        dimension = contract.state.dimension if contract.state else 0
        for piece in self.state:
            if piece.stop > dimension:
                raise ContractError(
                    f'layout.state[{piece.key}]: ends at {piece.stop}, but the state of contract '
                    f'{contract.name} has {dimension} numbers')
        return self

    def encode(self, observation: Observation) -> dict[str, Any]:
        """A request with images uint8, state float32 and the instruction."""
        request: dict[str, Any] = {}
        for entry in self.images:
            image = observation.images[entry.image]
            if entry.channels_first:
                image = np.ascontiguousarray(image.transpose(2, 0, 1))
            group = request.setdefault(entry.group, {}) if entry.group else request
            group[entry.key] = image
        request.update(self.encode_state(observation))
        request[self.instruction] = observation.instruction
        return request

    def encode_state(self, observation: Observation) -> Mapping[str, np.ndarray]:
        """The pieces of the state, float32, by name."""
        state = np.asarray(observation.state, dtype=np.float32)
        return {piece.key: 1 - state[piece.start:piece.stop] if piece.complement
                else state[piece.start:piece.stop] for piece in self.state}


def short_name(key: str) -> str:
    """The last part of a contract's key: 'front' of 'observation.images.front'."""
    return key.replace('/', '.').rsplit('.', 1)[-1]


def whole_state(contract: PolicyContract, key: str) -> tuple[StateField, ...]:
    """All of the state under one key; nothing where the contract has none."""
    if contract.state is None:
        return ()
    return (StateField(key=key, start=0, stop=contract.state.dimension),)
