"""What travels between the control loop and the processes that own the robot's sockets.

Each packet is one datagram of a Unix socket: a fixed record, or one JSON object. This module needs
the standard library only, because those processes import nothing else.
"""

import struct

__all__ = ['GRIPPER', 'GRIPPER_TARGET', 'POSITION', 'SETPOINT', 'STATE', 'STATE_FIELDS', 'VELOCITY']

# timestamp s; joint positions rad, velocities rad/s, torques that the controller's model asks for
# N·m; wrench on the TCP in N and N·m
# along the controller's base; target positions rad; largest joint temperature °C, speed scaling
# and slider 0 to 1; robot mode, safety mode, robot status bits
STATE = struct.Struct('<d6d6d6d6d6d3d3i')
STATE_FIELDS = (
    'timestamp', 'actual_q', 'actual_qd', 'target_moment', 'actual_TCP_force', 'target_q',
    'joint_temperatures', 'speed_scaling', 'target_speed_fraction', 'robot_mode', 'safety_mode',
    'robot_status_bits')

SETPOINT = struct.Struct('<c6d')  # POSITION in rad, or VELOCITY in rad/s
POSITION, VELOCITY = b'p', b'v'

GRIPPER_TARGET = struct.Struct('<2d')  # opening 0 to 1, share of the force 0 to 1
GRIPPER = struct.Struct('<2d')  # opening 0 to 1, largest current of its motor in A
