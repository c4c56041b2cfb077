"""Check ALOHA's followers against the MJCF of the genuine gym-aloha; run by hand.

    python check_with_gym_aloha.py .../gym_aloha/assets/bimanual_viperx_transfer_cube.xml

Prints the largest difference of the fingertip pose over 1,000 random configurations.
"""
import json
import sys

import mujoco
import numpy as np
import pinocchio

from vla_core.description import robot_description
from vla_core.profile import RobotProfile


def main(path: str) -> dict[str, float]:
    profile = RobotProfile.load('aloha')
    ours = pinocchio.buildModelFromXML(robot_description(profile))
    computed = ours.createData()
    theirs = mujoco.MjModel.from_xml_path(path)
    data = mujoco.MjData(theirs)
    random = np.random.default_rng(0)
    worst = {'position_mm': 0.0, 'angle_rad': 0.0}
    for _ in range(1000):
        q = pinocchio.neutral(ours)
        for arm in profile.arms:
            for joint, low, high in zip(
                    arm.joints, arm.limits.position_lower, arm.limits.position_upper):
                angle = random.uniform(low, high)
                q[ours.idx_qs[ours.getJointId(joint)]] = angle
                name = joint.removeprefix(f'follower_{arm.name}_')
                data.joint(f'vx300s_{arm.name}/{name}').qpos = angle
        pinocchio.framesForwardKinematics(ours, computed, q)
        mujoco.mj_kinematics(theirs, data)
        for arm in profile.arms:
            site = data.site(f'cali_{arm.name}_site1')
            error = computed.oMf[ours.getFrameId(arm.tip_frame)].actInv(
                pinocchio.SE3(site.xmat.reshape(3, 3), site.xpos))
            worst['position_mm'] = max(
                worst['position_mm'], 1000 * float(np.linalg.norm(error.translation)))
            worst['angle_rad'] = max(
                worst['angle_rad'], float(np.linalg.norm(pinocchio.log3(error.rotation))))
    return worst


if __name__ == '__main__':
    print(json.dumps(main(sys.argv[1])))
