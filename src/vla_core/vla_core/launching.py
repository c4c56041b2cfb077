"""What launch files share: processes that end the launch or come back, and the default contract."""
from typing import Any

from vla_core.profile import RobotProfile
from vla_core.program import MISTAKE

__all__ = ['COMES_BACK', 'choose_contract', 'end_launch_on_mistake']


def end_launch_on_mistake(event: Any, context: Any) -> None:
    """
    End the launch with a failure where a process refused its configuration: an `on_exit`.

    ``event`` is launch's ProcessExited. The process has said why; the rest of a robot without it
    would only look as if it ran.
    """
    if event.returncode == MISTAKE and not context.is_shutdown:
        raise RuntimeError(f'{event.process_name} refused its configuration; it says why above')


#: Options of launch_ros' Node for one that commands no motion: should it die, it is started again.
#: What commands motion is started again by a person who has looked at the arm.
COMES_BACK: dict[str, Any] = {
    'respawn': True, 'respawn_delay': 2.0, 'on_exit': end_launch_on_mistake}


def choose_contract(context: Any) -> None:
    """
    Name the mini policies' contract for the robot where none is given: for an OpaqueFunction.

    Reads the launch configurations ``robot``, by name or path, and ``contract``, which it sets.
    """
    values = context.launch_configurations
    if not values['contract']:
        values['contract'] = f'mini_{RobotProfile.load(values["robot"]).name}'
