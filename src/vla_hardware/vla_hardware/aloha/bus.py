"""One serial bus of Dynamixel servos: the maker's SDK, with waiting that sleeps and named errors.

The SDK's own port polls without pause and waits at least 34 ms for an answer; here reading sleeps
until bytes are there, and the time to wait is that of the bytes and of the adapter.
"""

from __future__ import annotations

import os
import termios
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import serial
from dynamixel_sdk import (
    COMM_RX_CORRUPT,
    COMM_RX_TIMEOUT,
    COMM_SUCCESS,
    GroupSyncRead,
    GroupSyncWrite,
    PacketHandler,
    PortHandler,
)

from vla_hardware.aloha.control_table import ALERT, Register, from_bytes

__all__ = ['Bus', 'BusError', 'CorruptAnswer', 'NoAnswer', 'PortLost', 'ServoRefused', 'SyncRead']

BROADCAST = 0xFE
ID, ERROR, DATA, CRC = 4, 8, 9, 2  # places in a status packet, and the length of its CRC
ATTEMPTS = 3  # at an exchange with a single servo, outside the cycle
PATIENCE = 0.050  # s that such an attempt waits
QUIET = 0.020  # s for the late answer to an attempt that failed, which must not count for the next
READ_SLICE = 0.002  # s that one read sleeps at most before the time-out is looked at
REFUSALS = {
    1: 'could not carry it out', 2: 'does not know the instruction', 3: 'got corrupt bytes',
    4: 'was given a value out of range', 5: 'was given data of a wrong length',
    6: 'was given a value beyond its limits', 7: 'does not allow that now'}


class BusError(Exception):
    """An exchange that failed; the message is one line."""


class NoAnswer(BusError):  # noqa: N818 - it says what happened
    """A servo did not answer in time."""


class CorruptAnswer(BusError):  # noqa: N818
    """Bytes came that are no valid packet, or not the one that was asked for."""


class PortLost(BusError):  # noqa: N818
    """The serial device is not there, is gone, or is another program's."""


class ServoRefused(BusError):  # noqa: N818
    """A servo answered with an error."""


class _Port(PortHandler):
    """The SDK's port, with its names, on a line whose reads sleep and that no other may open."""

    def __init__(self, name: str, response_timeout: float) -> None:
        super().__init__(name)
        self._response_timeout = response_timeout
        self._deadline = 0.0
        self.patience = 0.0

    def setupPort(self, cflag_baud: int) -> bool:
        if self.is_open:
            self.closePort()
        self.ser = serial.Serial(
            port=self.port_name, baudrate=cflag_baud, timeout=READ_SLICE, write_timeout=0.1,
            exclusive=True)
        self.is_open = True
        self.is_using = False
        with suppress(OSError, ValueError, NotImplementedError):  # no such adapter
            self.ser.set_low_latency_mode(True)  # 1 ms instead of 16 in an FTDI adapter
        self.clearPort()
        self.tx_time_per_byte = 1000.0 / cflag_baud * 10.0
        return True

    def clearPort(self) -> None:
        try:
            self.ser.reset_input_buffer()
        except termios.error as error:  # which is no OSError: the adapter was taken out
            raise serial.SerialException(str(error)) from error

    def setPacketTimeout(self, packet_length: int) -> None:
        self.setPacketTimeoutMillis(
            self.tx_time_per_byte * packet_length
            + 1e3 * max(self._response_timeout, self.patience))

    def setPacketTimeoutMillis(self, msec: float) -> None:
        self._deadline = time.monotonic() + 1e-3 * msec

    def isPacketTimeout(self) -> bool:
        return time.monotonic() > self._deadline


class SyncRead(GroupSyncRead):
    """The SDK's sync read, with its names, which also keeps the alert of every servo's answer."""

    def __init__(
        self, port: PortHandler, handler: PacketHandler, ids: Iterable[int],
        first: Register, last: Register,
    ) -> None:
        super().__init__(port, handler, first.address, last.end - first.address)
        self.alerts: dict[int, bool] = {}
        for id_ in ids:
            self.addParam(id_)
            self.alerts[id_] = False
        self.failed = BROADCAST

    def rxPacket(self) -> int:
        self.last_result = False
        for id_ in self.data_dict:
            self.failed = id_
            packet, result = self.ph.rxPacket(self.port, False)
            if result != COMM_SUCCESS:
                return result
            if packet[ID] != id_ or len(packet) != DATA + self.data_length + CRC:
                return COMM_RX_CORRUPT  # the late answer to something else
            self.data_dict[id_] = packet[DATA:-CRC]
            self.alerts[id_] = bool(packet[ERROR] & ALERT)
        self.last_result = True
        return COMM_SUCCESS

    def fastSyncReadRxPacket(self) -> int:
        self.last_result = False
        self.failed = BROADCAST
        stride = 2 + self.data_length + CRC  # error and id before the data
        packet, result = self.ph.rxPacket(self.port, True)
        if result != COMM_SUCCESS:
            return result
        if len(packet) != ERROR + stride * len(self.data_dict):
            return COMM_RX_CORRUPT
        for begin, id_ in zip(range(ERROR, len(packet), stride), self.data_dict):
            if packet[begin + 1] != id_:
                return COMM_RX_CORRUPT
            self.data_dict[id_] = packet[begin + 2:begin + stride - CRC]
            self.alerts[id_] = bool(packet[begin] & ALERT)
        self.last_result = True
        return COMM_SUCCESS

    def value(self, id_: int, register: Register) -> int:
        """What the newest answer of a servo says."""
        return from_bytes(self.data_dict[id_], register, self.start_address)


class Bus:
    """Servos on one port. Methods raise BusError; one thread uses a bus at a time."""

    def __init__(self, name: str, baud_rate: int, response_timeout: float) -> None:
        self.name = name
        self._baud_rate = baud_rate
        self._handler = PacketHandler(2.0)
        self._port = _Port(name, response_timeout)
        self.fast = False  # whether the servos know fast sync read

    def open(self) -> None:
        """Open the port; PortLost says why it cannot be."""
        try:
            opened = self._port.setBaudRate(self._baud_rate)
        except serial.SerialException as error:
            raise PortLost(_why_not_open(self.name, error)) from error
        except OSError as error:
            raise PortLost(f'{self.name}: {error.strerror or error}') from error
        if not opened:
            raise PortLost(f'{self.name}: the SDK knows no baud rate {self._baud_rate}')

    def close(self) -> None:
        """Close the port; may be called more than once."""
        if self._port.is_open:
            self._port.closePort()

    # ---- single servos

    def ping(self, id_: int) -> int:
        """The model number of a servo."""
        number, _, _ = self._exchange(id_, self._handler.ping)
        return number

    def silent(self, ids: Sequence[int]) -> list[int]:
        """Which servos do not answer; a dead bus is given up sooner than a single servo."""
        waiting = [id_ for id_ in ids if not self._answers(id_, 0.0)]
        if not waiting:
            return waiting
        time.sleep(QUIET)
        if len(waiting) == len(ids) and not self._answers(ids[-1], PATIENCE):
            return waiting
        waiting = [id_ for id_ in waiting
                   if not any(self._answers(id_, PATIENCE) for _ in range(ATTEMPTS))]
        self._quieten()
        return waiting

    def _answers(self, id_: int, patience: float) -> bool:
        self._port.patience = patience
        try:
            return self._handler.ping(self._port, id_)[1] == COMM_SUCCESS
        except (OSError, serial.SerialException) as error:
            raise self._lost(error) from error
        finally:
            self._port.patience = 0.0

    def _quieten(self) -> None:
        """Let late answers come and go."""
        time.sleep(QUIET)
        try:
            self._port.clearPort()
        except (OSError, serial.SerialException) as error:
            raise self._lost(error) from error

    def read(self, id_: int, register: Register) -> int:
        """One register of a servo."""
        data, _, _ = self._exchange(
            id_, self._handler.readTxRx, register.address, register.size)
        if len(data) != register.size:
            raise CorruptAnswer(f'{self.name}: servo {id_} answered with {len(data)} bytes '
                                f'instead of {register.size}')
        return from_bytes(data, register, register.address)

    def write(self, id_: int, register: Register, value: int) -> None:
        """Write one register; ServoRefused when the servo does not take it."""
        data = list(value.to_bytes(register.size, 'little', signed=value < 0))
        _, error = self._exchange(
            id_, self._handler.writeTxRx, register.address, register.size, data)
        if error & ~ALERT:
            reason = REFUSALS.get(error & ~ALERT, f'answered with error {error}')
            raise ServoRefused(f'{self.name}: servo {id_} {reason} '
                               f'(register {register.address} := {value})')

    def reboot(self, id_: int) -> None:
        """Let a servo start anew; it answers again after some tenths of a second."""
        self._exchange(id_, self._handler.reboot)

    # ---- many servos in one packet

    def group(self, ids: Sequence[int], first: Register, last: Register) -> SyncRead:
        """A sync read of the registers from `first` to `last`."""
        return SyncRead(self._port, self._handler, ids, first, last)

    def read_group(self, group: SyncRead) -> None:
        """Read a group, in one packet where the servos can."""
        try:
            result = group.fastSyncRead() if self.fast else group.txRxPacket()
        except (OSError, serial.SerialException) as error:
            raise self._lost(error) from error
        self._check(result, group.failed)

    def find_fast(self, group: SyncRead) -> None:
        """Note whether every servo knows fast sync read: older firmware keeps silent."""
        try:
            self.fast = True
            self.read_group(group)
        except (NoAnswer, CorruptAnswer):
            self.fast = False

    def write_group(self, register: Register, values: Mapping[int, int]) -> None:
        """Write a register of several servos at once; nobody answers."""
        group = GroupSyncWrite(self._port, self._handler, register.address, register.size)
        for id_, value in values.items():
            group.addParam(id_, list(value.to_bytes(register.size, 'little', signed=value < 0)))
        try:
            result = group.txPacket()
        except (OSError, serial.SerialException) as error:
            raise self._lost(error) from error
        self._check(result, BROADCAST)

    # ---- errors

    def _exchange(self, id_: int, exchange: Callable[..., tuple], *arguments: object) -> tuple:
        """Ask a single servo; the SDK's answer, whose next to last item is the result."""
        self._port.patience = PATIENCE
        try:
            for attempt in range(ATTEMPTS):
                answer = exchange(self._port, id_, *arguments)
                failed = answer[-2] != COMM_SUCCESS
                if failed or attempt:
                    self._quieten()
                if not failed:
                    return answer
        except (OSError, serial.SerialException) as error:
            raise self._lost(error) from error
        finally:
            self._port.patience = 0.0
        self._check(answer[-2], id_)
        return answer

    def _lost(self, error: Exception) -> PortLost:
        self.close()
        return PortLost(f'{self.name}: the port is gone ({error}); plug the adapter in again')

    def _check(self, result: int, id_: int) -> None:
        if result == COMM_SUCCESS:
            return
        who = 'the servos' if id_ == BROADCAST else f'servo {id_}'
        if result == COMM_RX_TIMEOUT:
            raise NoAnswer(f'{self.name}: {who} did not answer')
        if result == COMM_RX_CORRUPT:
            raise CorruptAnswer(f'{self.name}: corrupt bytes instead of an answer of {who}')
        raise BusError(f'{self.name}: {who}: {self._handler.getTxRxResult(result)}')


def _why_not_open(name: str, error: serial.SerialException) -> str:
    if not Path(name).exists():
        return (f'{name}: no such device; connect the adapter, or give the right port '
                '(hardware_options: "{ports: {left: …}}")')
    if 'exclusively lock' in str(error):
        return f'{name}: another program uses this port; end it first'
    if not os.access(name, os.R_OK | os.W_OK):
        return f'{name}: may not be opened; add yourself to the group dialout'
    return f'{name}: {error}'
