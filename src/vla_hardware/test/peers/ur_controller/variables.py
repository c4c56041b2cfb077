"""Variables of the Real-Time Data Exchange and their types, as the maker's guide lists them."""

from __future__ import annotations

import struct

REGISTERS = 48  # integer and double registers, each way

FORMATS = {
    'BOOL': '?', 'UINT8': 'B', 'UINT32': 'I', 'UINT64': 'Q', 'INT32': 'i', 'DOUBLE': 'd',
    'VECTOR3D': '3d', 'VECTOR6D': '6d', 'VECTOR6INT32': '6i',
}

OUTPUTS: dict[str, str] = {
    'timestamp': 'DOUBLE',
    **dict.fromkeys((
        'target_q', 'target_qd', 'target_qdd', 'target_current', 'target_moment',
        'actual_q', 'actual_qd', 'actual_current', 'actual_current_as_torque',
        'joint_control_output', 'actual_TCP_pose', 'actual_TCP_speed', 'actual_TCP_force',
        'target_TCP_pose', 'target_TCP_speed', 'joint_temperatures', 'actual_joint_voltage',
        'tcp_offset', 'payload_inertia', 'ft_raw_wrench'), 'VECTOR6D'),
    'joint_mode': 'VECTOR6INT32',
    'actual_tool_accelerometer': 'VECTOR3D',
    'payload_cog': 'VECTOR3D',
    **dict.fromkeys((
        'actual_execution_time', 'speed_scaling', 'target_speed_fraction', 'actual_momentum',
        'actual_main_voltage', 'actual_robot_voltage', 'actual_robot_current', 'payload',
        'standard_analog_input0', 'standard_analog_input1', 'standard_analog_output0',
        'standard_analog_output1', 'speed_scaling_combined'), 'DOUBLE'),
    'robot_mode': 'INT32',
    'safety_mode': 'INT32',
    'safety_status': 'INT32',
    'actual_digital_input_bits': 'UINT64',
    'actual_digital_output_bits': 'UINT64',
    'runtime_state': 'UINT32',
    'robot_status_bits': 'UINT32',
    'safety_status_bits': 'UINT32',
    **{f'output_int_register_{i}': 'INT32' for i in range(REGISTERS)},
    **{f'output_double_register_{i}': 'DOUBLE' for i in range(REGISTERS)},
}

INPUTS: dict[str, str] = {
    'speed_slider_mask': 'UINT32',
    'speed_slider_fraction': 'DOUBLE',
    **dict.fromkeys((
        'standard_digital_output_mask', 'standard_digital_output',
        'configurable_digital_output_mask', 'configurable_digital_output',
        'tool_digital_output_mask', 'tool_digital_output', 'standard_analog_output_mask',
        'standard_analog_output_type'), 'UINT8'),
    'standard_analog_output_0': 'DOUBLE',
    'standard_analog_output_1': 'DOUBLE',
    'external_force_torque': 'VECTOR6D',
    **{f'input_int_register_{i}': 'INT32' for i in range(REGISTERS)},
    **{f'input_double_register_{i}': 'DOUBLE' for i in range(REGISTERS)},
}


class Recipe:
    """A list of variables that travel together in one data package."""

    def __init__(self, number: int, names: list[str], types: list[str]) -> None:
        self.number = number
        self.names = names
        self.types = types
        self._widths = [struct.Struct('>' + FORMATS[kind]) for kind in types]
        self._struct = struct.Struct('>B' + ''.join(FORMATS[kind] for kind in types))

    def pack(self, values: dict[str, object]) -> bytes:
        """The payload of a data package with these values; vectors are sequences."""
        flat: list[object] = [self.number]
        for name, kind in zip(self.names, self.types):
            value = values[name]
            flat.extend(value) if 'VECTOR' in kind else flat.append(value)
        return self._struct.pack(*flat)

    def unpack(self, payload: bytes) -> dict[str, object]:
        """The values in a data package; ValueError when its length is wrong."""
        if len(payload) != self._struct.size:
            raise ValueError(f'recipe {self.number} has {self._struct.size} bytes, '
                             f'got {len(payload)}')
        values, offset = {}, 1
        for name, width in zip(self.names, self._widths):
            read = width.unpack_from(payload, offset)
            values[name] = read if len(read) > 1 else read[0]
            offset += width.size
        return values
