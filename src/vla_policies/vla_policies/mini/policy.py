"""The mini family as a policy: a folder with settings, contract, statistics and weights."""
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import ValidationError
from safetensors.torch import load_file

from vla_core.action_chunk import ActionChunk
from vla_core.observation import Observation
from vla_core.policy_contract import PolicyContract, process_instruction
from vla_core.rotation import matrix_to_rotation_6d, rotation_6d_to_matrix
from vla_core.validation import one_line
from vla_policies.mini.configuration import MiniConfiguration
from vla_policies.mini.language import TextEncoder
from vla_policies.mini.model import MiniModel
from vla_policies.policy import Policy, PolicyError, Request, check_observation
from vla_policies.processing.anchoring import Anchor
from vla_policies.processing.normalisation import Normaliser
from vla_policies.processing.representation import representation

__all__ = ['POLICY', 'MiniPolicy', 'Processor', 'pad']


class Processor:
    """
    From observations to what the network takes, and from its output to actions.

    Statistics are {'state': {…: [n]}, 'action': {…: [H, D]}}, of anchored actions as they are
    told (`vla_policies.processing.representation`).
    """

    def __init__(
        self, configuration: MiniConfiguration, contract: PolicyContract,
        statistics: Mapping[str, Mapping[str, Any]], file: str = 'statistics',
    ) -> None:
        if contract.state is None or not contract.images:
            raise PolicyError(f'contract {contract.name}: a mini policy needs images and a state')
        shapes = {img.key: (img.processing.height, img.processing.width)
                  for img in contract.images}
        if len(set(shapes.values())) != 1:
            raise PolicyError(
                f'contract {contract.name}: images must have one size, there are {shapes}')
        for part in ('state', 'action'):
            if part not in statistics:
                raise PolicyError(f'{file}: {part}: is missing')
        self.representation = representation(configuration.predicts, contract)
        self.told = self.representation.contract
        self.anchor = Anchor(self.told)
        action = self.told.action
        self.state = Normaliser(
            configuration.state_normalisation, statistics['state'],
            (contract.state.dimension,), name=f'{file}: state')
        self.action = Normaliser(
            configuration.action_normalisation, statistics['action'],
            (action.horizon, action.space.dimension), name=f'{file}: action')

    def images(self, images: np.ndarray) -> torch.Tensor:
        """uint8 [..., h, w, 3] to float32 [..., 3, h, w] in [−0.5, 0.5]."""
        tensor = torch.from_numpy(np.ascontiguousarray(np.moveaxis(images, -1, -3)))
        return tensor.float().div_(255.0).sub_(0.5)

    def to_network(self, actions: np.ndarray, state: np.ndarray) -> np.ndarray:
        """Actions [..., h ≤ H, D] with state [..., n] as the network tells them, normalised."""
        relative = self.anchor.relative(self.representation.encode(actions), state)
        length = actions.shape[-2]
        return (relative - self.action.offset[:length]) / self.action.scale[:length]

    def to_actions(self, output: np.ndarray, state: np.ndarray) -> np.ndarray:
        """The inverse, [B, H, D]; rotations made proper, grippers within their range."""
        actions = self.anchor.absolute(self.action.denormalise(output), state)
        space = self.told.action.space
        for part in space.slices:
            if space.rotation == 'rotation_6d':
                actions[..., part.rotation] = matrix_to_rotation_6d(
                    rotation_6d_to_matrix(actions[..., part.rotation]))
        if space.gripper in ('normalised_open', 'normalised_closed'):
            columns = space.gripper_indices
            actions[..., columns] = actions[..., columns].clip(0.0, 1.0)
        return self.representation.decode(actions, state)


class MiniPolicy(Policy):
    """See the package; made by `load`, or by training from a model in memory."""

    def __init__(
        self, configuration: MiniConfiguration, contract: PolicyContract, processor: Processor,
        model: MiniModel, text: TextEncoder | None = None,
    ) -> None:
        self.name = configuration.name
        self.contract = contract
        self.configuration = configuration
        self.takes_prefix = configuration.head == 'flow'
        self.processor = processor
        self.model = model.eval()
        self.text = text or TextEncoder()
        self._sequence = 0

    @classmethod
    def load(
        cls, folder: Path, settings: Mapping[str, Any], contract: PolicyContract,
    ) -> 'MiniPolicy':
        """Open a folder; PolicyError names the file and field that are wrong."""
        try:
            configuration = MiniConfiguration(**settings)
        except ValidationError as error:
            raise PolicyError(f'{folder / "policy.yaml"}: {one_line(error)}') from error
        path = folder / configuration.statistics
        try:
            statistics = json.loads(path.read_text(encoding='utf-8'))
        except (OSError, ValueError) as error:
            raise PolicyError(f'{path}: cannot be read ({error})') from error
        processor = Processor(configuration, contract, statistics, str(path))
        model = MiniModel(configuration.model, processor.told, (configuration.head,))
        _load_weights(model, folder / configuration.weights)
        return cls(configuration, contract, processor, model)

    def with_guidance(self, guidance: str) -> 'MiniPolicy':
        """The same model, whose flow head lets a prefix enter in another way."""
        settings = self.configuration.flow.model_copy(update={'guidance': guidance})
        return MiniPolicy(self.configuration.model_copy(update={'flow': settings}),
                          self.contract, self.processor, self.model, self.text)

    @property
    def latent_shape(self) -> tuple[int, int]:
        """Of what `encode` gives: tokens and their width."""
        return self.model.backbone.latent_shape

    def infer_batch(self, requests: Sequence[Request]) -> list[ActionChunk]:
        begin = time.time_ns()
        for request in requests:
            check_observation(request.observation, self.contract)
        with torch.inference_mode():
            seen = self._look([request.observation for request in requests])
            return self._act(seen, requests, begin)

    def encode(self, observation: Observation) -> np.ndarray:
        """The slow half: what is read and seen, float32 [tokens, width]."""
        check_observation(observation, self.contract)
        with torch.inference_mode():
            return self._look([observation])[0].numpy()

    def act(
        self, latent: np.ndarray, latent_age_s: float, observation: Observation, *,
        prefix: np.ndarray | None = None, delay: int = 0,
        rng: np.random.Generator | None = None,
    ) -> ActionChunk:
        """
        The fast half: the newest state beside what was seen ``latent_age_s`` ago.

        The model was trained with views and state of one time, so an age is borne and not used.
        """
        begin = time.time_ns()
        check_observation(observation, self.contract)
        request = Request(observation, prefix, delay, rng)
        with torch.inference_mode():
            return self._act(torch.from_numpy(np.array(latent))[None], [request], begin)[0]

    def _act(
        self, seen: torch.Tensor, requests: Sequence[Request], begin: int,
    ) -> list[ActionChunk]:
        states = np.stack([request.observation.state for request in requests])
        state = torch.from_numpy(self.processor.state.normalise(states))
        readouts = self.model.backbone.fuse(seen, state)
        output = self._sampled(readouts, requests)
        actions = self.processor.to_actions(output.numpy(), states)
        times = np.arange(1, actions.shape[1] + 1) / self.contract.rate_hz
        end = time.time_ns()
        chunks = []
        minds = zip(readouts.flatten(1).numpy(), self.model.backbone.grounding(seen).numpy())
        for request, data, (summary, grounding) in zip(requests, actions, minds):
            self._sequence += 1
            observation = request.observation
            given = min(request.delay, 0 if request.prefix is None else len(request.prefix))
            chunks.append(ActionChunk(
                stamp_ns=observation.stamp_ns, space=self.contract.action.space, times_s=times,
                data=data, frame_id=self.contract.action.space.frame, sequence=self._sequence,
                policy=self.name, instruction=observation.instruction,
                prefix_length=given if self.takes_prefix else 0,
                inference_start_ns=begin, inference_end_ns=end,
                features={'embedding': summary, 'grounding': grounding}))
        return chunks

    def _look(self, observations: Sequence[Observation]) -> torch.Tensor:
        keys = [entry.key for entry in self.contract.images]
        images = self.processor.images(np.stack(
            [np.stack([observation.images[key] for key in keys]) for observation in observations]))
        text, mask = pad(self.text.encode(
            [process_instruction(self.contract.language, observation.instruction)
             for observation in observations]))
        return self.model.backbone.look(images, text, mask)

    def _sampled(self, readouts: torch.Tensor, requests: Sequence[Request]) -> torch.Tensor:
        head = self.model.heads[self.configuration.head]
        if self.configuration.head != 'flow':
            return head.sample(readouts)
        settings = self.configuration.flow
        action = self.processor.told.action
        shape = (action.horizon, action.space.dimension)
        noise = np.stack([
            (request.rng or np.random.default_rng()).standard_normal(shape, np.float32)
            for request in requests])
        prefixes = [
            None if request.prefix is None or not len(request.prefix) else torch.from_numpy(
                self.processor.to_network(
                    request.prefix[:shape[0]], request.observation.state).astype(np.float32))
            for request in requests]
        with torch.inference_mode(False), torch.no_grad():
            return head.sample(
                readouts.clone(), settings, torch.from_numpy(settings.noise * noise), prefixes,
                [request.delay for request in requests])


def pad(texts: Sequence[np.ndarray]) -> tuple[torch.Tensor, torch.Tensor]:
    """Token rows [L_i, E] as one float32 tensor [B, L, E] with a mask [B, L]."""
    longest = max(len(text) for text in texts)
    tokens = torch.zeros(len(texts), longest, texts[0].shape[1])
    mask = torch.zeros(len(texts), longest, dtype=torch.bool)
    for row, text in enumerate(texts):
        tokens[row, :len(text)] = torch.from_numpy(np.asarray(text, np.float32))
        mask[row, :len(text)] = True
    return tokens, mask


def _load_weights(model: MiniModel, path: Path) -> None:
    """Load the part of a file that the model has; it may hold other heads too."""
    try:
        weights = load_file(path)
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise PolicyError(f'{path}: is no safetensors file ({reason})') from error
    expected = model.state_dict()
    for name, value in expected.items():
        if name not in weights:
            raise PolicyError(f'{path}: has no {name}; it was trained with other settings')
        if weights[name].shape != value.shape:
            raise PolicyError(f'{path}: {name} has shape {tuple(weights[name].shape)}, '
                              f'the settings want {tuple(value.shape)}')
        if not torch.isfinite(weights[name].float()).all():
            raise PolicyError(f'{path}: {name} is not finite; the file is damaged')
    model.load_state_dict({name: weights[name].to(value.dtype)
                           for name, value in expected.items()})


POLICY = MiniPolicy
