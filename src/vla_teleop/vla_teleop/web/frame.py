"""What the page says: one JSON object a frame, checked before anything is done with it."""
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationError

from vla_core.rotation import rotation_vector_to_quaternion
from vla_core.validation import Real, StrictModel, one_line
from vla_teleop.sample import ANY_ARM, ArmInput, Held, Pressed, TeleopSample

__all__ = ['LONGEST', 'Frame', 'FrameError', 'parse']

LONGEST = 2048  # bytes
Metres = Annotated[Real, Field(ge=-100.0, le=100.0)]
Radians = Annotated[Real, Field(ge=-1000.0, le=1000.0)]


class FrameError(ValueError):
    """A frame that the page does not send; one line."""


class Frame(StrictModel):
    """A moment of the page; position and turn are sums of what was dragged since it was opened."""

    kind: Literal['frame'] = 'frame'
    t: Real = Field(ge=0, description='ms since the page was opened')
    position: tuple[Metres, Metres, Metres]
    turn: tuple[Radians, Radians, Radians] = Field(description='rotation vector')
    opening: Real | None = Field(default=None, ge=0, le=1)
    held: tuple[Held, ...] = Field(default=(), max_length=8)
    pressed: tuple[Pressed, ...] = Field(default=(), max_length=8)

    @property
    def sample(self) -> TeleopSample:
        """The same for whoever drives an arm."""
        rotation = rotation_vector_to_quaternion(np.array(self.turn))
        given = ArmInput(position=np.array(self.position), rotation=rotation, opening=self.opening)
        return TeleopSample({ANY_ARM: given}, frozenset(self.held), self.pressed)


def parse(text: str | bytes) -> Frame:
    """Read a frame; FrameError says what is wrong with it."""
    if not isinstance(text, str):
        raise FrameError('frames are text')
    try:
        return Frame.model_validate_json(text)
    except ValidationError as failure:
        raise FrameError(one_line(failure)) from failure
