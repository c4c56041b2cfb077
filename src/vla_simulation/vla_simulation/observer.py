"""What a policy sees in the simulation, by the same contract and processing as on the robot."""
from dataclasses import dataclass

import numpy as np

from vla_core.action_space import ActionSpace
from vla_core.gripper import from_opening
from vla_core.observation import Observation
from vla_core.policy_contract import (
    CameraSample,
    JointSample,
    PolicyContract,
    PoseSample,
    Sample,
    assemble_observation,
)
from vla_core.rotation import (
    matrix_to_quaternion,
    matrix_to_rotation_6d,
    quaternion_to_rotation_vector,
    quaternion_to_rpy,
)
from vla_simulation.rendering import Part, Renderer
from vla_simulation.scene import SceneError
from vla_simulation.world import World

__all__ = ['Observer']

_FROM_MATRIX = {
    'rotation_6d': matrix_to_rotation_6d,
    'quaternion_xyzw': matrix_to_quaternion,
    'rotation_vector': lambda m: quaternion_to_rotation_vector(matrix_to_quaternion(m)),
    'rpy': lambda m: quaternion_to_rpy(matrix_to_quaternion(m)),
}


@dataclass(frozen=True)
class _View:
    """A camera, and what renders the part of it that is needed."""

    topic: str
    camera: str
    renderer: Renderer


class Observer:
    """
    Observations of ``world`` by ``contract``; without ``images`` those are left out.

    Of topic ``<camera>/image_raw`` only the part is rendered that the contract's processing keeps:
    a crop by the camera's pixels, a centred square at once in its final size.
    """

    def __init__(self, world: World, contract: PolicyContract, images: bool = True) -> None:
        contract.check_robot(world.profile)
        self.world = world
        self.contract = contract if images else contract.model_copy(update={'images': ()})
        self._renderers: dict[tuple, Renderer] = {}
        self._views = [self._view(entry.topic, entry.processing) for entry in self.contract.images]
        # What has been rendered as a crop needs no cropping.
        self._rendered = self.contract.model_copy(update={'images': tuple(
            entry.model_copy(update={
                'processing': entry.processing.model_copy(update={'crop': None})})
            for entry in self.contract.images)})

    def observe(self, instruction: str, stamp_ns: int) -> Observation:
        """The observation at the world's present state."""
        samples: dict[str, Sample] = {}
        for view in self._views:
            samples[view.topic] = CameraSample(
                view.renderer.rgb(self.world.data, view.camera), 'rgb8', stamp_ns)
        names, positions = [], []
        for arm in self.world.profile.arms:
            names += [*arm.joints, arm.gripper.joints[0]]
            positions += [*self.world.joints(arm), arm.gripper.to_joint(self.world.opening(arm))]
        for part in self.contract.state.parts:
            if part.source == 'tip_pose':
                position, rotation = self._tip(part.arm)
                samples[part.topic] = PoseSample(
                    position, matrix_to_quaternion(rotation), stamp_ns)
            else:
                samples[part.topic] = JointSample(tuple(names), stamp_ns, np.array(positions))
        return assemble_observation(
            self._rendered, self.world.profile, samples, instruction, stamp_ns)

    def action_at_rest(self, space: ActionSpace | None = None) -> np.ndarray:
        """The action [D] of an absolute space that says: stay where you are."""
        space = space or self.contract.action.space
        action = np.zeros(space.dimension)
        for index, part in enumerate(space.slices):
            arm = (self.world.profile.arms[index] if space.is_joint_kind
                   else self.world.profile.arm(space.names[index]))
            if space.is_joint_kind:
                action[part.arm] = self.world.joints(arm)
            else:
                action[part.translation], rotation = self._tip(arm.name)
                action[part.rotation] = _FROM_MATRIX[space.rotation](rotation)
            if part.gripper is not None:
                action[part.gripper] = from_opening(
                    self.world.opening(arm), space.gripper, arm.gripper)
        return action

    def close(self) -> None:
        """Give the OpenGL contexts back."""
        for renderer in self._renderers.values():
            renderer.close()

    def _tip(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        arm = self.world.profile.arm(name)
        base = self.world.rotation(arm.base_frame)
        position, rotation = self.world.site_pose(arm.tip_frame)
        return base.T @ (position - self.world.position(arm.base_frame)), base.T @ rotation

    def _view(self, topic: str, processing) -> _View:
        camera = self.world.profile.camera(topic.strip('~/').split('/')[0])
        crop = processing.crop
        square = (processing.fit == 'crop' and crop is None
                  and processing.centre_area == 1.0 and processing.width == processing.height
                  and camera.width >= camera.height)
        size, within = (camera.height, camera.width), None
        if square:
            size = processing.height, processing.width
        elif crop is not None:
            size = crop.height, crop.width
            within = Part(crop.left, crop.top, camera.width, camera.height)
        if min(size) < 1:
            raise SceneError(f'camera {camera.name}: no image of {size[1]}×{size[0]} pixels')
        if within and (crop.left + crop.width > camera.width
                       or crop.top + crop.height > camera.height):
            raise SceneError(f'camera {camera.name}: the crop reaches beyond its '
                             f'{camera.width}×{camera.height} pixels')
        if (size, within) not in self._renderers:
            self._renderers[size, within] = Renderer(self.world.model, *size, within=within)
        return _View(topic, camera.name, self._renderers[size, within])
