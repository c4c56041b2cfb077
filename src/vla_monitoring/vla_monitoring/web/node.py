"""
The node `web_view`: the robot in a browser, in a process of its own.

Loopback unless told otherwise; bound wider, its buttons want a token that is printed at the start.
"""
import os
import sys
import time
from typing import NoReturn

import numpy as np
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.time import Time
from sensor_msgs.msg import Image
from tf2_ros import Buffer, TransformException, TransformListener

from vla_cameras.calibration.pose import pose_of
from vla_core.conversion import ConversionError, image_from_message
from vla_core.description import robot_description
from vla_core.node import run_node
from vla_core.parameters import declare, parameter
from vla_core.profile import RobotProfile
from vla_core.sampled import Sampled
from vla_core.validation import ConfigurationError, Real, StrictModel
from vla_execution.strategies import available
from vla_monitoring.visualisation.colours import COMMITTED, EXECUTED, PREDICTED, faded
from vla_monitoring.visualisation.overlay import as_rgb
from vla_monitoring.visualisation.scene import EXECUTED_S, LiveScene
from vla_monitoring.web.access import Access, is_loopback
from vla_monitoring.web.commands import Commands
from vla_monitoring.web.view import Address, Line, WebView

__all__ = ['WebViewNode', 'WebViewParameters', 'main']

PATH_S = 3.0
PICTURE_WIDTH = 320


class WebViewParameters(StrictModel):
    """What the web view is told."""

    robot: str = parameter('franka', read_only=True, description='robot profile, by name or path')
    host: str = parameter(
        'localhost', read_only=True, description='address to serve at; 0.0.0.0 for every one')
    port: int = parameter(8080, ge=1, le=65535, read_only=True, description='port to serve at')
    hosts: tuple[str, ...] = parameter(
        (), read_only=True, description='further names by which browsers may ask for it')
    token: str = parameter(
        '', read_only=True, description='what unlocks the buttons; empty: none is needed on '
        'loopback, and a new one is made elsewhere')
    rate_hz: Real = parameter(10.0, gt=0, le=60, read_only=True, unit='Hz',
                              description='of robot and paths')
    picture_rate_hz: Real = parameter(2.0, gt=0, le=30, read_only=True, unit='Hz',
                                      description='of camera pictures')


class WebViewNode(Node):
    """Serves one robot."""

    def __init__(self) -> None:
        super().__init__('web_view')
        parameters = declare(self, WebViewParameters)
        profile = RobotProfile.load(parameters.robot)
        self._profile = profile
        self._access = Access.of_host(parameters.host, parameters.token)
        self._commands = Commands(self)
        try:
            self._view = WebView(
                host=parameters.host, port=parameters.port, hosts=parameters.hosts,
                access=self._access, commands=self._commands, urdf=robot_description(profile),
                cameras=[camera.name for camera in profile.cameras], strategies=available())
        except (Address, OSError) as error:
            raise ConfigurationError(f'web view: {error}') from error
        self._scene = LiveScene(self, profile)
        self._frames = Buffer()
        self._listener: TransformListener | None = None
        self._cameras: dict[str, Sampled] = {}
        self._stamps: dict[str, object] = {}
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1 / parameters.rate_hz, self._show, clock=steady)
        self.create_timer(1 / parameters.picture_rate_hz, self._show_pictures, clock=steady)
        self.get_logger().info(f'open http://{_named(parameters.host)}:{parameters.port}')
        if self._access.token is not None:
            self.get_logger().info(f'its buttons want the token {self._access.token}')

    def _show(self) -> None:
        """Frames are listened to, as cameras are, only while somebody looks."""
        if not self._view.watched:
            if self._listener is not None:
                self._listener.unregister()
                self._listener = None
            return
        if self._listener is None:
            self._listener = TransformListener(self._frames, self)
        scene = self._scene
        scene.look()
        if scene.joints is not None and len(scene.joints.name) == len(scene.joints.position):
            self._view.show_joints(dict(zip(scene.joints.name, scene.joints.position)))
        self._view.show_lines(self._lines())
        lines = scene.lines()
        if scene.refusal:
            lines.append(f'not shown: {scene.refusal}')
        self._view.show_state(lines, scene.delay_ms(), scene.chunk_age_s())

    def _lines(self) -> dict[str, Line]:
        scene, now, lines = self._scene, time.monotonic(), {}
        for kind, shown, colour in (
                ('predicted', scene.predicted[-1] if scene.predicted else None, PREDICTED),
                ('committed', scene.committed, COMMITTED)):
            if shown is None or now - shown.came > PATH_S:
                continue
            for path in shown.paths:
                positions = self._in_root(path.frame, path.positions)
                if positions is not None:
                    age = np.full(len(positions), now - shown.came)
                    lines[f'{kind}/{path.arm}'] = positions, faded(colour, age, PATH_S)
        for arm in self._profile.arms:
            trail = scene.executed[arm.name]
            if len(trail) > 1:
                positions = self._in_root(arm.base_frame, np.stack([p for _, p in trail]))
                if positions is not None:
                    ages = now - np.array([came for came, _ in trail])
                    lines[f'executed/{arm.name}'] = positions, faded(EXECUTED, ages, EXECUTED_S)
        return lines

    def _in_root(self, frame: str, positions: np.ndarray) -> np.ndarray | None:
        if frame == self._profile.root_frame:
            return positions
        try:
            found = self._frames.lookup_transform(
                self._profile.root_frame, frame, Time()).transform
        except TransformException:
            return None
        t, r = found.translation, found.rotation
        stands = pose_of([t.x, t.y, t.z], [r.x, r.y, r.z, r.w])
        return positions @ stands[:3, :3].T + stands[:3, 3]

    def _show_pictures(self) -> None:
        if not self._view.watched:
            for sampled in self._cameras.values():
                sampled.close()
            self._cameras = {}
            return
        for camera in self._profile.cameras:
            if camera.name not in self._cameras:
                self._cameras[camera.name] = Sampled(
                    self, Image, f'{camera.name}/image_raw', qos=qos_profile_sensor_data)
            message = self._cameras[camera.name].look()
            if message is None or message.header.stamp == self._stamps.get(camera.name):
                continue
            self._stamps[camera.name] = message.header.stamp
            try:
                image = as_rgb(image_from_message(message), message.encoding)
            except (ConversionError, ValueError) as error:
                self._scene.refusal = f'{camera.name}: {error}'
                continue
            step = max(1, image.shape[1] // PICTURE_WIDTH)
            self._view.show_picture(camera.name, np.ascontiguousarray(image[::step, ::step]))

    def destroy_node(self) -> None:
        """End the server with the node, and what its visitors wait for."""
        self._commands.close()
        if hasattr(self, '_view'):
            self._view.close()
        super().destroy_node()


def _named(host: str) -> str:
    """How a person on this machine reaches it."""
    return 'localhost' if is_loopback(host) or host in ('0.0.0.0', '::') else host


def main(args: list[str] | None = None) -> NoReturn:
    """
    Run the node, and leave without the interpreter's last collection.

    All is closed by then. The collection goes through every object of viser and its daemon threads,
    and takes longer on a busy machine than a launch waits after SIGINT.
    """
    status = run_node(WebViewNode, args)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == '__main__':
    main()
