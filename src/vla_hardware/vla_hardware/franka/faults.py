"""From the robot's own modes and errors to named faults.

Names of modes and errors are libfranka's (`franka::RobotMode`, `franka::Errors`).
"""

from __future__ import annotations

from vla_hardware.interface import FaultCode

__all__ = ['describe_mode', 'diagnose']

_MODES = {
    'UserStopped': (
        FaultCode.USER_STOP, 'the user stop is pressed; release it, then recover'),
    'Guiding': (FaultCode.WRONG_MODE, 'the arm is being guided by hand; let go, then recover'),
    'Reflex': (FaultCode.REFLEX, 'the robot stopped by reflex; look at the arm, then recover'),
    'AutomaticErrorRecovery': (
        FaultCode.WRONG_MODE, 'the robot is still recovering; recover again'),
    'Other': (
        FaultCode.WRONG_MODE, 'unlock the brakes and activate FCI in Desk, then recover'),
}
_LINK_QUALITY = ('communication_constraints_violation',)
_CONTACTS = ('joint_reflex', 'cartesian_reflex')
_PROTECTION = ('self_collision_avoidance_violation', 'force_control_safety_violation',
               'power_limit_violation', 'instability_detected', 'tau_j_range_violation')


def diagnose(mode: str, errors: str, said: str = '') -> tuple[FaultCode, str]:
    """Code and line for a robot in `mode` with `errors` (a list of names as text).

    `said` is what the library said when a motion was aborted; errors are read from it when the
    state carries none.
    """
    if mode in _MODES and mode != 'Reflex':
        return _MODES[mode]
    if 'user stop' in said.lower():  # the state may be a cycle behind
        return _MODES['UserStopped']
    names = _names(errors) or _names(said)
    listed = ', '.join(names)
    if any(name in names for name in _LINK_QUALITY):
        return FaultCode.LINK_QUALITY, (
            f'{listed}: too many cycles without a command in time; give the loop a real-time '
            'processor and the robot a cable of its own, then recover')
    if any(name in names for name in _CONTACTS):
        return FaultCode.REFLEX, f'{listed}: the arm touched something; look at it, then recover'
    if any(name in names for name in _PROTECTION):
        return FaultCode.PROTECTIVE_STOP, f'{listed}; look at the arm, then recover'
    if names:
        return FaultCode.LIMIT_VIOLATION, f'{listed}; recover'
    if mode == 'Reflex':
        return _MODES['Reflex']
    return FaultCode.INTERNAL, said.removeprefix('libfranka: ') or 'the motion ended unasked'


def describe_mode(mode: str) -> str:
    """What a robot in `mode` waits for; empty when it is ready."""
    return '' if mode in ('Idle', 'Move') else _MODES[mode][1]


def _names(text: str) -> list[str]:
    """Names in libfranka's list form `["one", "two"]`, wherever it stands in a text."""
    inside = text[text.find('[') + 1:text.rfind(']')] if '[' in text and ']' in text else ''
    return [name.strip().strip('"') for name in inside.split(',') if name.strip().strip('"')]
