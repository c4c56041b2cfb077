"""
The page: robot, paths, pictures, words and gauges, and the controls of each visitor.

What is shown is shared; controls belong to one visitor each, so that nobody finds the words of
another in his instruction box.
"""
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import viser

from vla_monitoring.web.access import Access
from vla_monitoring.web.commands import Commands
from vla_monitoring.web.figure import RobotFigure
from vla_monitoring.web.guard import Guard, guarded

__all__ = ['Address', 'WebView']

DELAY_FULL_MS, AGE_FULL_MS = 500.0, 1000.0
VIEW_FROM, VIEW_AT = (1.5, -1.1, 0.9), (0.25, 0.0, 0.3)
BLANK = np.full((90, 120, 3), 40, np.uint8)
Line = tuple[np.ndarray, np.ndarray]  # positions [H, 3] in the root frame, RGBA [H, 4]


class Address(RuntimeError):  # noqa: N818 - it says what is wrong
    """The address cannot be served."""


class WebView:
    """One server; `show_…` may be called from any thread."""

    def __init__(
        self, *, host: str, port: int, hosts: Sequence[str], access: Access, commands: Commands,
        urdf: str, cameras: Sequence[str], strategies: Sequence[str],
    ) -> None:
        self._access, self._commands, self._strategies = access, commands, strategies
        with guarded(Guard((host, *hosts))):
            self._server = viser.ViserServer(host=host, port=port, label='VLA on ROS 2',
                                             verbose=False)
        if self._server.get_port() != port:
            self._server.stop()
            raise Address(f'port {port} of {host} is in use: choose another with web_port')
        scene = self._server.scene
        scene.set_up_direction('+z')
        scene.add_grid('/grid', width=2.0, height=2.0, cell_size=0.1)
        self._figure = RobotFigure(urdf)
        self._links = {link: scene.add_frame(f'/robot/{link}', show_axes=False)
                       for link in self._figure.links}
        for number, shape in enumerate(self._figure.shapes):
            scene.add_mesh_simple(
                f'/robot/{shape.link}/{number}', shape.vertices, shape.faces,
                color=shape.colour[:3], opacity=shape.colour[3] if shape.colour[3] < 1 else None,
                flat_shading=True)
        self.show_joints({})
        self._lines: dict[str, Any] = {}
        self._add_displays(cameras)
        self._server.on_client_connect(self._welcome)
        self._server.on_client_disconnect(lambda client: access.forget(client.client_id))

    def close(self) -> None:
        """End the server."""
        self._server.stop()

    @property
    def watched(self) -> bool:
        """Whether anybody looks."""
        return bool(self._server.get_clients())

    # ---- what is shown

    def _add_displays(self, cameras: Sequence[str]) -> None:
        gui = self._server.gui
        with gui.add_folder('State', order=0):
            self._words = gui.add_markdown('nothing heard yet')
            self._delay_text = gui.add_markdown('delay —')
            self._delay = gui.add_progress_bar(0.0)
            self._age_text = gui.add_markdown('chunk age —')
            self._age = gui.add_progress_bar(0.0)
            gui.add_markdown('**blue** predicted, **orange** committed, **green** executed')
        with gui.add_folder('Cameras', order=3):
            self._pictures = {name: gui.add_image(BLANK, label=name, format='jpeg')
                              for name in cameras}

    def show_joints(self, positions: Mapping[str, float]) -> None:
        """Joint positions by name, rad or m; see `RobotFigure.poses`."""
        with self._server.atomic():
            for link, (position, quaternion) in self._figure.poses(positions).items():
                self._links[link].position = position
                self._links[link].wxyz = np.roll(quaternion, 1)

    def show_lines(self, lines: Mapping[str, Line]) -> None:
        """Paths by name, such as predicted/arm; those that are not named vanish."""
        for name in self._lines.keys() - lines.keys():
            self._lines.pop(name).remove()
        for name, (positions, colours) in lines.items():
            if len(positions) < 2:
                continue
            points = np.stack([positions[:-1], positions[1:]], axis=1).astype(np.float32)
            shade = 0.3 + 0.7 * colours[:, 3:]
            rgb = np.round(255 * colours[:, :3] * shade).astype(np.uint8)
            self._lines[name] = self._server.scene.add_line_segments(
                f'/paths/{name}', points, np.stack([rgb[:-1], rgb[1:]], axis=1), line_width=4.0)

    def show_picture(self, camera: str, image: np.ndarray) -> None:
        """A camera's picture, rgb8."""
        self._pictures[camera].image = image

    def show_state(self, lines: Sequence[str], delay_ms: float, age_s: float) -> None:
        """Words, and gauges; NaN where there is nothing to say."""
        self._words.content = '\n\n'.join(map(_escaped, lines)) or 'nothing heard yet'
        for text, bar, name, value, full in (
                (self._delay_text, self._delay, 'delay', delay_ms, DELAY_FULL_MS),
                (self._age_text, self._age, 'chunk age', 1000 * age_s, AGE_FULL_MS)):
            known = bool(np.isfinite(value))
            text.content = f'{name} {value:.0f} ms' if known else f'{name} —'
            bar.value = float(np.clip(100 * value / full, 0, 100)) if known else 0.0

    # ---- controls of a visitor

    def _welcome(self, client: viser.ClientHandle) -> None:
        client.camera.position, client.camera.look_at = VIEW_FROM, VIEW_AT
        gui = client.gui
        if not self._access.may(client.client_id):
            with gui.add_folder('Unlock', order=1):
                token = gui.add_text('token', '')
                unlock = gui.add_button('unlock the buttons')
                said = gui.add_markdown('Buttons need the token that the robot printed.')

            def try_token(_: object) -> None:
                said.content = self._access.unlock(client.client_id, token.value) or 'unlocked'
            unlock.on_click(try_token)
        self._add_controls(client)

    def _add_controls(self, client: viser.ClientHandle) -> None:
        gui = client.gui
        with gui.add_folder('Task', order=2):
            stop = gui.add_button('STOP', color='red')
            instruction = gui.add_text('instruction', '')
            start, finish = gui.add_button('start', color='green'), gui.add_button('end the task')
            release = gui.add_button('release the stop')
            said = gui.add_markdown('')
        with gui.add_folder('World', order=4):
            task = gui.add_text('task', '')
            seed = gui.add_number('seed', 0, min=0, step=1)
            reset = gui.add_button('reset')
        with gui.add_folder('Policy', order=5):
            policy = gui.add_text('policy', '')
            load = gui.add_button('load')
            strategy = gui.add_dropdown('strategy', tuple(self._strategies))
            use = gui.add_button('use the strategy')

        def bind(button: Any, act: Callable[[], str]) -> None:
            def press(_: object) -> None:
                if not self._access.may(client.client_id):
                    said.content = 'locked: give the token first'
                    return
                said.content = '…'
                said.content = _escaped(act())
            button.on_click(press)

        def reset_world() -> str:
            answer = self._commands.reset(task.value, int(seed.value))
            instruction.value = answer
            return answer

        bind(stop, self._commands.stop)
        bind(start, lambda: self._commands.start(instruction.value))
        bind(finish, self._commands.finish)
        bind(release, self._commands.release)
        bind(reset, reset_world)
        bind(load, lambda: self._commands.load_policy(policy.value))
        bind(use, lambda: self._commands.use_strategy(strategy.value))


def _escaped(text: str) -> str:
    """Words from topics are words, not Markdown or HTML."""
    return ''.join(f'\\{c}' if c in '\\`*_{}[]()#+!|~<>&' else c for c in text[:500])
