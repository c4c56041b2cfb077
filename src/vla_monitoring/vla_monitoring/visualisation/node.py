"""
The node `visualisation`: markers, paths and pictures with the predicted path, for RViz.

It works only while somebody looks: what nobody subscribes to is neither made nor listened for.
"""
import time

import numpy as np
from nav_msgs.msg import Path
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import qos_profile_sensor_data
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image
from tf2_ros import Buffer, TransformException, TransformListener
from visualization_msgs.msg import MarkerArray

from vla_cameras.calibration.pose import pose_of
from vla_cameras.camera_info import intrinsics_from_message
from vla_core.conversion import ConversionError, image_from_message, image_to_message
from vla_core.node import run_node
from vla_core.parameters import declare, parameter
from vla_core.profile import CameraProfile, RobotProfile
from vla_core.sampled import Sampled
from vla_core.validation import Real, StrictModel
from vla_monitoring.visualisation import markers
from vla_monitoring.visualisation.colours import COMMITTED, EXECUTED, PREDICTED, SAMPLES, faded
from vla_monitoring.visualisation.overlay import SeenPath, as_rgb, draw_paths, see_path
from vla_monitoring.visualisation.scene import EXECUTED_S, LiveScene, ShownChunk

__all__ = ['VisualisationNode', 'VisualisationParameters', 'main']

PREDICTED_S = 3.0  # after which a chunk is no longer drawn


class VisualisationParameters(StrictModel):
    """What the node is told."""

    robot: str = parameter('franka', read_only=True, description='robot profile, by name or path')
    rate_hz: Real = parameter(
        10.0, gt=0, le=60, read_only=True, unit='Hz', description='of markers and paths')
    picture_rate_hz: Real = parameter(
        5.0, gt=0, le=60, read_only=True, unit='Hz', description='of pictures with the path')


class VisualisationNode(Node):
    """Shows one robot."""

    def __init__(self) -> None:
        super().__init__('visualisation')
        parameters = declare(self, VisualisationParameters)
        profile = RobotProfile.load(parameters.robot)
        self._profile = profile
        self._scene: LiveScene | None = None
        self._markers = self.create_publisher(MarkerArray, 'visualisation/markers', 5)
        self._paths = {arm.name: self.create_publisher(
            Path, _below(profile, arm.name, 'predicted_path'), 5) for arm in profile.arms}
        self._pictures = [_Picture(self, camera) for camera in profile.cameras]
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0 / parameters.rate_hz, self._show, clock=steady)
        self.create_timer(1.0 / parameters.picture_rate_hz, self._show_pictures, clock=steady)
        self._frames: Buffer | None = None

    def _watched(self) -> bool:
        return any(publisher.get_subscription_count() for publisher in (
            self._markers, *self._paths.values(), *(p.publisher for p in self._pictures)))

    def _show(self) -> None:
        if not self._watched():
            return
        if self._scene is None:
            self._scene = LiveScene(self, self._profile)
        self._scene.look()
        if self._markers.get_subscription_count():
            self._markers.publish(MarkerArray(markers=self._all_markers(self._scene)))
        for shown in list(self._scene.predicted)[-1:]:
            for path in shown.paths:
                if self._paths[path.arm].get_subscription_count():
                    self._paths[path.arm].publish(
                        markers.path_message(path.frame, path.stamps_ns, path.positions))

    def _all_markers(self, scene: LiveScene) -> list:
        now = time.monotonic()
        found = []
        for shown in scene.predicted:
            found += _chunk_lines('predicted', shown, now, len(found))
        if scene.committed is not None and now - scene.committed.came < PREDICTED_S:
            for index, path in enumerate(scene.committed.paths):
                ages = np.zeros(len(path.positions)) + now - scene.committed.came
                found.append(markers.line(
                    'committed', index, path.frame, path.positions,
                    faded(COMMITTED, ages, PREDICTED_S), 0.006))
                found += markers.gripper_markers(100 * index, path)
        for index, path in enumerate(scene.samples):
            found.append(markers.line(
                'samples', index, path.frame, path.positions,
                faded(SAMPLES, np.full(len(path.positions), 1.5), PREDICTED_S), 0.001))
        for index, arm in enumerate(self._profile.arms):
            trail = scene.executed[arm.name]
            if len(trail) > 1:
                ages = now - np.array([came for came, _ in trail])
                found.append(markers.line(
                    'executed', index, arm.base_frame, np.stack([p for _, p in trail]),
                    faded(EXECUTED, ages, EXECUTED_S), 0.004))
            found.append(markers.workspace_marker(index, arm))
        found += [markers.target_marker(index, target)
                  for index, target in enumerate(scene.targets)]
        near = scene.near_limits()
        found += [markers.limit_marker(index, scene.links[joint])
                  for index, (_, joint) in enumerate(near)]
        lines = scene.lines() + [f'{joint} is near its end' for _, joint in near]
        found.append(markers.text_marker(self._profile.root_frame, 1.15, lines))
        return found

    def _show_pictures(self) -> None:
        wanted = [picture for picture in self._pictures if picture.wanted()]
        if not wanted or self._scene is None:
            return
        if self._frames is None:
            self._frames = Buffer()
            self._listener = TransformListener(self._frames, self)
        lines = self._scene.lines()
        for picture in wanted:
            picture.show(self._scene, self._frames, lines[0] if lines else '')


def _chunk_lines(namespace: str, shown: ShownChunk, now: float, first: int) -> list:
    age = now - shown.came
    if age > PREDICTED_S:
        return []
    return [markers.line(namespace, first + index, path.frame, path.positions,
                         faded(PREDICTED, np.full(len(path.positions), age), PREDICTED_S), 0.003)
            for index, path in enumerate(shown.paths)]


class _Picture:
    """A camera's picture with the predicted path in it."""

    def __init__(self, node: Node, camera: CameraProfile) -> None:
        self._node, self._camera = node, camera
        self.publisher = node.create_publisher(Image, f'{camera.name}/prediction', 5)
        self._image: Sampled | None = None
        self._info: Sampled | None = None
        self._shown_stamp: object = None

    def wanted(self) -> bool:
        """Listen to the camera only while somebody looks."""
        if self.publisher.get_subscription_count() == 0:
            if self._image is not None:
                self._image.close()
                self._info.close()
                self._image = self._info = None
            return False
        if self._image is None:
            name = self._camera.name
            self._image = Sampled(self._node, Image, f'{name}/image_raw',
                                  qos=qos_profile_sensor_data)
            self._info = Sampled(self._node, CameraInfo, f'{name}/camera_info')
        return True

    def show(self, scene: LiveScene, frames: Buffer, text: str) -> None:
        """Publish the newest picture once, with the newest chunk's path."""
        message, info = self._image.look(), self._info.look()
        if message is None or message.header.stamp == self._shown_stamp:
            return
        self._shown_stamp = message.header.stamp
        try:
            image = as_rgb(image_from_message(message), message.encoding)
        except (ConversionError, ValueError) as error:
            scene.refusal = f'{self._camera.name}: {error}'
            return
        paths = []
        intrinsics = intrinsics_from_message(info) if info is not None else None
        if intrinsics is not None and scene.predicted:
            intrinsics = intrinsics.scaled(message.width, message.height)
            for path in scene.predicted[-1].paths:
                seen = self._see(path, frames, message.header.frame_id, intrinsics)
                if seen is not None:
                    paths.append(seen)
        picture = image_to_message(draw_paths(image, paths, text), 'rgb8', Image())
        picture.header = message.header
        self.publisher.publish(picture)

    def _see(self, path, frames: Buffer, camera_frame: str, intrinsics) -> SeenPath | None:
        try:
            found = frames.lookup_transform(camera_frame, path.frame, Time()).transform
        except TransformException:
            return None
        t, r = found.translation, found.rotation
        stands = pose_of([t.x, t.y, t.z], [r.x, r.y, r.z, r.w])
        return see_path(path.positions, path.openings, stands, intrinsics)


def _below(profile: RobotProfile, arm: str, topic: str) -> str:
    return f'{arm}/{topic}' if len(profile.arms) > 1 else topic


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run_node(VisualisationNode, args)


if __name__ == '__main__':
    raise SystemExit(main())
