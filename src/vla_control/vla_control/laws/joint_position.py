"""Joint position: the joints follow a stream of positions within their motion limits.

The reference comes from `target.JointReference`, the command from `joint_drive`.
"""

from __future__ import annotations

from vla_control.laws.gains import ReferenceGains
from vla_control.laws.joint_drive import DriveGains
from vla_core.validation import StrictModel

__all__ = ['JointPositionParameters']


class JointPositionParameters(StrictModel):
    """Parameters of the controller."""

    reference: ReferenceGains = ReferenceGains()
    drive: DriveGains = DriveGains()
