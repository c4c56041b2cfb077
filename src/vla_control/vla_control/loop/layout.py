"""What the node and the loop share: one structured dtype with a magic word and a version.

States and targets are sequence-locked records with one writer each; requests, answers and events go
through rings. Neither side ever waits for the other.
"""

from __future__ import annotations

import numpy as np

from vla_control.loop.ring import ring_dtype
from vla_core.shared_memory import seqlock_dtype

__all__ = ['ARMS', 'JOINTS', 'KINDS', 'LAYOUT', 'MAGIC', 'VERSION']

MAGIC, VERSION = 'VLALOOP', 1
ARMS, JOINTS = 4, 8
KINDS = ('pose', 'joint', 'joint_velocity', 'joint_effort', 'twist', 'wrench', 'stiffness',
         'gripper')
_TEXT = 'S200'
_NAME = 'S100'

ARM = np.dtype([
    ('position', '<f8', (JOINTS,)),
    ('velocity', '<f8', (JOINTS,)),
    ('effort', '<f8', (JOINTS,)),
    ('command', '<f8', (JOINTS,)),
    ('reference_position', '<f8', (JOINTS,)),
    ('reference_velocity', '<f8', (JOINTS,)),
    ('wrench', '<f8', (6,)),
    ('pose', '<f8', (7,)),
    ('twist', '<f8', (6,)),
    ('reference_pose', '<f8', (7,)),
    ('target_age', '<f8'),
    ('gripper', '<f8', (4,)),  # opening, its speed, effort, goal
    ('mode', '<i4'),
    ('status', '<i4'),
    ('limited', '<i4'),
    ('gripper_stalled', '<i4'),
    ('gripper_reached', '<i4'),
    ('trajectory_number', '<i4'),
    ('trajectory_status', '<i4'),
    ('controller', _NAME),
    ('gripper_controller', _NAME),
], align=True)

STATE = np.dtype([
    ('stamp_ns', '<i8'),
    ('ticks', '<u8'),
    ('missed', '<u8'),
    ('late_us', '<f8', (3,)),  # p50, p99, max
    ('work_us', '<f8', (3,)),  # p50, p99, max
    ('stopped', '<i4'),
    ('stop_count', '<u4'),
    ('stop_reason', _TEXT),
    ('fault', _TEXT),
    ('arms', ARM, (ARMS,)),
], align=True)

TARGET = np.dtype([('stamp_ns', '<i8'), ('count', '<i8'), ('values', '<f8', (JOINTS,))], align=True)

LAYOUT = np.dtype([
    ('loop_pid', '<i8'),
    ('loop_beat_ns', '<i8'),
    ('node_beat_ns', '<i8'),
    ('stop_requests', '<u8'),
    ('shutdown', '<i8'),
    ('state', seqlock_dtype(STATE)),
    ('targets', seqlock_dtype(TARGET), (ARMS, len(KINDS))),
    ('requests', ring_dtype(4 << 20)),
    ('answers', ring_dtype(1 << 20)),
], align=True)
