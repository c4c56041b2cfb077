"""What a policy sees at one time."""
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

__all__ = ['Observation', 'ObservationError']


class ObservationError(ValueError):
    """An observation that no policy may act on; ``field`` names what is wrong with it."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f'observation: {name}: {message}')
        self.field = name


@dataclass(frozen=True, eq=False)
class Observation:
    """
    Images, state and instruction at ``stamp_ns``.

    ``images`` maps a key to uint8 [h, w, 3]; ``state`` is float [n] with one of ``state_names``
    for each number; ``stream_stamps_ns`` is the capture time of every stream that went into it.
    """

    stamp_ns: int
    images: Mapping[str, np.ndarray] = field(default_factory=dict)
    state: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.float32))
    state_names: tuple[str, ...] = ()
    instruction: str = ''
    stream_stamps_ns: Mapping[str, int] = field(default_factory=dict)

    @property
    def skew_ns(self) -> int:
        """Time between the oldest and the newest stream."""
        stamps = self.stream_stamps_ns.values()
        return max(stamps) - min(stamps) if stamps else 0

    def ages_ns(self, now_ns: int) -> dict[str, int]:
        """Age of every stream at ``now_ns``."""
        return {name: now_ns - stamp for name, stamp in self.stream_stamps_ns.items()}

    def validate(self) -> 'Observation':
        """Return the observation itself; ObservationError names the first field that is wrong."""
        for key, image in self.images.items():
            if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
                raise ObservationError(
                    f'images[{key}]', f'must have shape [h, w, 3], has {image.shape}')
            if image.dtype != np.uint8:
                raise ObservationError(f'images[{key}]', f'must be uint8, is {image.dtype}')
        state = np.asarray(self.state)
        if state.shape != (len(self.state_names),):
            raise ObservationError(
                'state', f'must have one number for each of {len(self.state_names)} names, '
                f'has shape {state.shape}')
        if not np.all(np.isfinite(state)):
            index = int(np.argmax(~np.isfinite(state)))
            raise ObservationError('state', f'{self.state_names[index]} is {state[index]}')
        return self
