"""
What the two processes share: the newest observation one way, the newest latent the other.

Each is one sequence-locked record with one writer; nobody waits and nothing is queued.
"""
from dataclasses import dataclass

import numpy as np

from vla_core.observation import Observation
from vla_core.policy_contract import PolicyContract
from vla_core.shared_memory import Seqlock, SharedBlock, seqlock_dtype

__all__ = ['Latent', 'LatentBuffer', 'ObservationBuffer']

_VERSION = 1
_TEXT_BYTES = 8192


@dataclass(frozen=True, eq=False)
class Latent:
    """float32 ``values`` of the observation at ``stamp_ns`` with ``instruction``."""

    values: np.ndarray
    stamp_ns: int
    instruction: str
    number: int

    def age_s(self, now_ns: int) -> float:
        """How much older its observation is than one at ``now_ns``."""
        return max(0.0, (now_ns - self.stamp_ns) / 1e9)


class _Record:
    """One end of a record: `create` where it is owned, `attach` elsewhere."""

    def __init__(self, block: SharedBlock) -> None:
        self._block = block
        self._lock = Seqlock(block.record)

    @property
    def changed(self) -> bool:
        """Whether there is one that was not read yet."""
        return self._lock.changed()

    def close(self) -> None:
        """Let go of it."""
        self._block.close()


class LatentBuffer(_Record):
    """The newest latent."""

    @classmethod
    def create(cls, name: str, shape: tuple[int, ...]) -> 'LatentBuffer':
        """Make the buffer of latents of ``shape``, with none in it."""
        return cls(SharedBlock.create(name, 'VLALATNT', _VERSION, _latent_layout(shape)))

    @classmethod
    def attach(cls, name: str, shape: tuple[int, ...]) -> 'LatentBuffer':
        """Find the buffer that another process made; SharedMemoryError if there is none."""
        return cls(SharedBlock.attach(name, 'VLALATNT', _VERSION, _latent_layout(shape)))

    def write(self, values: np.ndarray, stamp_ns: int, instruction: str) -> None:
        """Put a latent in the place of the last; ValueError when it is not of the shape."""
        record = self._lock.local
        values = np.asarray(values, np.float32)
        if values.shape != record['values'].shape:
            raise ValueError(f'latent: must have shape {record["values"].shape}, has '
                             f'{values.shape}')
        record['values'] = values
        record['stamp_ns'] = stamp_ns
        record['instruction'] = instruction.encode()
        record['number'] += 1
        self._lock.write()

    def read(self) -> Latent | None:
        """The newest latent; None before there is one."""
        if not self._lock.try_read(100):
            return None
        record = self._lock.local
        return Latent(record['values'].copy(), int(record['stamp_ns']),
                      record['instruction'].item().decode(), int(record['number']))


class ObservationBuffer(_Record):
    """The newest observation of a contract."""

    def __init__(self, block: SharedBlock, contract: PolicyContract) -> None:
        super().__init__(block)
        self._contract = contract

    @classmethod
    def create(cls, name: str, contract: PolicyContract) -> 'ObservationBuffer':
        """Make the buffer, with no observation in it."""
        layout = _observation_layout(contract)
        return cls(SharedBlock.create(name, 'VLAOBSRV', _VERSION, layout), contract)

    @classmethod
    def attach(cls, name: str, contract: PolicyContract) -> 'ObservationBuffer':
        """Find the buffer that another process made; SharedMemoryError if there is none."""
        layout = _observation_layout(contract)
        return cls(SharedBlock.attach(name, 'VLAOBSRV', _VERSION, layout), contract)

    def write(self, observation: Observation) -> None:
        """Put an observation in the place of the last."""
        record = self._lock.local
        record['stamp_ns'] = observation.stamp_ns
        record['state'] = observation.state
        record['instruction'] = observation.instruction.encode()
        for index, image in enumerate(self._contract.images):
            record[f'image_{index}'] = observation.images[image.key]
        self._lock.write()

    def read(self) -> Observation | None:
        """The newest observation; None before there is one."""
        if not self._lock.try_read(100):
            return None
        record, state = self._lock.local, self._contract.state
        return Observation(
            stamp_ns=int(record['stamp_ns']),
            images={image.key: record[f'image_{index}'].copy()
                    for index, image in enumerate(self._contract.images)},
            state=record['state'].copy(), state_names=state.labels if state else (),
            instruction=record['instruction'].item().decode())


def _latent_layout(shape: tuple[int, ...]) -> np.dtype:
    return seqlock_dtype(np.dtype([
        ('stamp_ns', '<i8'), ('number', '<u8'), ('instruction', f'S{_TEXT_BYTES}'),
        ('values', '<f4', tuple(shape))], align=True))


def _observation_layout(contract: PolicyContract) -> np.dtype:
    images = [(f'image_{index}', 'u1', (image.processing.height, image.processing.width, 3))
              for index, image in enumerate(contract.images)]
    return seqlock_dtype(np.dtype([
        ('stamp_ns', '<i8'), ('instruction', f'S{_TEXT_BYTES}'),
        ('state', '<f4', (contract.state.dimension if contract.state else 0,)), *images],
        align=True))
