"""The training loop: batches, loss, moving average, and a state on disk to go on from."""
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vla_core.policy_contract import PolicyContract
from vla_learning.augmentation import augment
from vla_learning.configuration import TrainingConfiguration, TrainingError
from vla_learning.frames import FrameStore, find_function
from vla_policies.mini.language import TextEncoder
from vla_policies.mini.model import MiniModel
from vla_policies.mini.policy import MiniPolicy, Processor, pad

__all__ = ['Progress', 'Trainer']

#: Metres that count as one in the loss of places.
PLACE_SCALE = 0.1
STATE = 'state.pt'


@dataclass(frozen=True)
class Progress:
    """Where a run is: samples seen, losses of the newest batches, samples a second."""

    samples: int
    losses: dict[str, float]
    rate: float


def _has_bfloat16(device: torch.device) -> bool:
    """Whether it computes in bfloat16; a processor that pretends to takes 20 times as long."""
    if device.type == 'cuda':
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type != 'cpu' or torch.ops.mkldnn._is_mkldnn_bf16_supported()


class Trainer:
    """
    Trains a policy on a store of frames; the same configuration and data give the same run.

    ``run`` is a folder for what a resumed run needs.
    """

    def __init__(
        self, configuration: TrainingConfiguration, contract: PolicyContract, store: FrameStore,
        numbers: dict, run: Path, device: str = 'cpu',
    ) -> None:
        self.configuration = configuration
        self.contract = contract
        self.store = store
        self.run = run
        self.device = torch.device(device)
        torch.manual_seed(configuration.seed)
        self.processor = Processor(configuration.policy, contract, numbers)
        self.model = MiniModel(
            configuration.policy.model, self.processor.told, (configuration.policy.head,))
        if configuration.initial_folder:
            _begin_from(
                self.model, configuration.initial_folder, configuration.freeze_backbone)
        #: Whether in bfloat16, as asked; else, where the device has none, in float32.
        self.mixed = configuration.precision == 'bfloat16' and _has_bfloat16(self.device)
        self.model.to(self.device)
        self.model.backbone.vision.to(memory_format=torch.channels_last)
        self.average = {name: value.detach().clone()
                        for name, value in self.model.state_dict().items()}
        self._trained = [parameter for name, parameter in self.model.named_parameters()
                         if not (configuration.freeze_backbone and name.startswith(
                             ('backbone.', 'place.')))]
        self.optimiser = torch.optim.AdamW(
            self._trained, lr=configuration.learning_rate,
            weight_decay=configuration.weight_decay, betas=(0.9, 0.99))
        self.samples = 0
        self.text = TextEncoder(remembered=200_000)
        self._actions = torch.from_numpy(
            self.processor.to_network(store.actions, store.state).astype(np.float32))
        self._state = torch.from_numpy(self.processor.state.normalise(store.state))
        self._places = torch.from_numpy(store.places / PLACE_SCALE)
        self._pixels = torch.from_numpy(store.pixels)
        self._known = torch.from_numpy(np.repeat(store.known, 3, axis=1).astype(np.float32))
        self._words = self._encode()

    def _encode(self) -> list[list[np.ndarray]]:
        """Tokens of each phrase of each episode, float16."""
        configuration = self.configuration
        rephrase = find_function(configuration.rephrase) if configuration.rephrase else None
        phrases = self.store.phrases(
            self.contract, configuration.phrases, rephrase, configuration.seed)
        flat = [phrase for said in phrases for phrase in said]
        known = dict(zip(flat, self.text.encode(flat)))
        small = {phrase: tokens.astype(np.float16) for phrase, tokens in known.items()}
        return [[small[phrase] for phrase in said] for said in phrases]

    def resume(self) -> bool:
        """Go on from what an interrupted run left; False when there is nothing."""
        path = self.run / STATE
        if not path.exists():
            return False
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state['model'])
        self.average = state['average']
        self.optimiser.load_state_dict(state['optimiser'])
        self.samples = state['samples']
        return True

    def save(self) -> None:
        """Leave what `resume` needs; a run that is killed meanwhile keeps the last one."""
        self.run.mkdir(parents=True, exist_ok=True)
        partial = self.run / f'{STATE}.partial'
        torch.save({'model': self.model.state_dict(), 'average': self.average,
                    'optimiser': self.optimiser.state_dict(), 'samples': self.samples}, partial)
        partial.replace(self.run / STATE)

    def policy(self) -> MiniPolicy:
        """What has been learned so far, averaged, as a policy."""
        model = MiniModel(self.configuration.policy.model, self.contract,
                          (self.configuration.policy.head,))
        model.load_state_dict(self.average)
        return MiniPolicy(self.configuration.policy, self.contract, self.processor, model,
                          self.text)

    def train(self) -> Iterator[Progress]:
        """Train to the end, telling where it is about once a second."""
        configuration = self.configuration
        told, seen, losses = time.perf_counter(), 0, {}
        while self.samples < configuration.samples:
            # Batches depend on how far the run is, so a resumed run sees the same ones.
            random = np.random.default_rng([configuration.seed, self.samples])
            rows = random.integers(0, len(self.store), configuration.batch)
            parts = self._step(np.sort(rows), random)
            self.samples += configuration.batch
            seen += configuration.batch
            for name, value in parts.items():
                losses[name] = 0.95 * losses.get(name, value) + 0.05 * value
            now = time.perf_counter()
            if now - told > 1.0 or self.samples >= configuration.samples:
                yield Progress(self.samples, dict(losses), seen / (now - told))
                told, seen = time.perf_counter(), 0

    def _step(self, rows: np.ndarray, random: np.random.Generator) -> dict[str, float]:
        configuration = self.configuration
        self._set_rate()
        self.model.train()
        generator = torch.Generator().manual_seed(int(random.integers(2 ** 62)))
        images = augment(self.processor.images(self.store.images[rows]), generator)
        text, mask = pad([
            self._words[episode][int(random.integers(len(self._words[episode])))]
            for episode in self.store.episode[rows]])
        actions = self._actions[rows].to(self.device)
        inputs = [value.to(self.device)
                  for value in (images, self._state[rows], text, mask)]
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.mixed):
            readouts, looks = self._readouts(*inputs)
        readouts = readouts.float()
        head = self.model.heads[configuration.policy.head]
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.mixed):
            parts = {'action': head.loss(readouts, actions).float().mean()}
        if not configuration.freeze_backbone and configuration.place_weight:
            parts['place'] = self._place_loss(readouts, rows)
        if not configuration.freeze_backbone and configuration.look_weight:
            parts['look'] = self._look_loss(looks, self._pixels[rows].to(self.device))
        loss = (parts['action'] + configuration.place_weight * parts.get('place', 0.0)
                + configuration.look_weight * parts.get('look', 0.0))
        if not torch.isfinite(loss):
            raise TrainingError(f'the loss is {loss.item()} after {self.samples} samples: '
                                'lower learning_rate')
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self._trained, configuration.gradient_norm)
        self.optimiser.step()
        self._take_average()
        return {name: float(value.detach()) for name, value in parts.items()}

    def _readouts(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        if not self.configuration.freeze_backbone:
            return self.model(*inputs)
        self.model.backbone.eval()
        with torch.no_grad():
            return self.model(*inputs)

    def _place_loss(self, readouts: Tensor, rows: np.ndarray) -> Tensor:
        """Mean error along an axis of where target and goal are told to be, in 0.1 m."""
        told = self.model.place(readouts.flatten(1))
        known = self._known[rows].to(self.device)
        error = (told - self._places[rows].to(self.device)).abs() * known
        return error.sum() / known.sum().clamp(min=1)

    def _look_loss(self, looks: Tensor, pixels: Tensor) -> Tensor:
        """Cross-entropy of looks [B, V, 2, cells] with a spot about pixels [B, V, 2, 2]."""
        size = self.contract.images[0].processing
        high, wide = size.height // 4, size.width // 4
        rows = torch.linspace(-1, 1, high, device=self.device)
        columns = torch.linspace(-1, 1, wide, device=self.device)
        across = (columns - pixels[..., :1]) * wide / 2
        down = (rows - pixels[..., 1:]) * high / 2
        spot = (-0.5 * (down[..., :, None] ** 2 + across[..., None, :] ** 2)).flatten(-2)
        known = (pixels.abs().amax(-1) <= 1.0).float()
        loss = -(spot.softmax(-1) * looks).sum(-1) * known
        return loss.sum() / known.sum().clamp(min=1)

    def _set_rate(self) -> None:
        share = self.samples / self.configuration.samples
        warm_up = self.configuration.warm_up
        factor = (min(1.0, (share + 1e-4) / warm_up) if share < warm_up else
                  0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (share - warm_up) / (1 - warm_up))))
        for group in self.optimiser.param_groups:
            group['lr'] = self.configuration.learning_rate * factor

    def _take_average(self) -> None:
        # A young run's average must not hang on its beginnings.
        step = self.samples / self.configuration.batch
        decay = min(self.configuration.average, (1 + step) / (10 + step))
        with torch.no_grad():
            for name, value in self.model.state_dict().items():
                if value.dtype.is_floating_point:
                    self.average[name].lerp_(value, 1 - decay)
                else:
                    self.average[name].copy_(value)


def _begin_from(model: MiniModel, folder: Path, all_of_it: bool) -> None:
    """Take over the weights that another policy has; the head too, where it is the same one."""
    from safetensors.torch import load_file
    path = folder / 'model.safetensors'
    if not path.is_file():
        raise TrainingError(f'initial: {path} is not there')
    weights, own = load_file(path), model.state_dict()
    fitting = {name: value.to(own[name].dtype) for name, value in weights.items()
               if name in own and own[name].shape == value.shape}
    missing = [name for name in own if name.startswith('backbone.') and name not in fitting]
    if missing and all_of_it:
        raise TrainingError(f'initial: {path} has no fitting {missing[0]}')
    model.load_state_dict(fitting, strict=False)
