"""
Where openpi's robots keep camera images, state and instruction in a request.

A layout names keys only. Which of a policy's images a camera's is, `Layout.cameras_of` decides: by
name where the contract's images bear the cameras' names, else by place (the first camera is the
contract's first image). The state is the parts one after the other.
"""
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ['ALOHA', 'DROID', 'LAYOUTS', 'LIBERO', 'Layout', 'LayoutName']

LayoutName = Literal['droid', 'aloha', 'libero']


@dataclass(frozen=True)
class Layout:
    """
    Keys of one kind of robot.

    ``cameras`` maps a camera's name to its key, inside the map ``image_group`` if that is named.
    ``state`` are the keys of its parts; the last has one number where there are two.
    ``channels_first`` images are [3, h, w]. ``gripper_closed`` says that the gripper's number in
    the state is 0 open and 1 closed, the other way round than everywhere in this project.
    """

    name: LayoutName
    cameras: dict[str, str]
    state: tuple[str, ...]
    image_group: str = ''
    channels_first: bool = False
    gripper_closed: bool = False
    prompt: str = 'prompt'

    def cameras_of(self, image_keys: Sequence[str]) -> dict[str, str]:
        """Camera of each of a contract's ``image_keys``; ValueError when there are too few."""
        names = [key.replace('/', '.').rsplit('.', 1)[-1] for key in image_keys]
        if all(name in self.cameras for name in names):
            return dict(zip(image_keys, names))
        if len(image_keys) > len(self.cameras):
            raise ValueError(
                f'{len(image_keys)} images are wanted, and layout {self.name} has the cameras '
                f'{", ".join(self.cameras)}')
        return dict(zip(image_keys, self.cameras))


DROID = Layout(
    name='droid',
    cameras={'exterior_image_1_left': 'observation/exterior_image_1_left',
             'wrist_image_left': 'observation/wrist_image_left'},
    state=('observation/joint_position', 'observation/gripper_position'), gripper_closed=True)
ALOHA = Layout(
    name='aloha', image_group='images', channels_first=True,
    cameras={name: name for name in ('cam_high', 'cam_low', 'cam_left_wrist', 'cam_right_wrist')},
    state=('state',))
LIBERO = Layout(
    name='libero',
    cameras={'image': 'observation/image', 'wrist_image': 'observation/wrist_image'},
    state=('observation/state',))
LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in (DROID, ALOHA, LIBERO)}
