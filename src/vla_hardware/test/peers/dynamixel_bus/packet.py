"""Packets of protocol 2.0, written from the protocol's description, not from the SDK under test.

    FF FF FD 00 | id | length (2) | instruction | parameters | CRC (2)

`length` counts what follows it. FF FF FD within instruction and parameters is followed by one more
FD. The CRC is CRC-16/UMTS: polynomial 0x8005, initial value 0, most significant bit first.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ['BROADCAST', 'Instruction', 'Packet', 'Reader', 'crc', 'status_packet']

HEADER = b'\xff\xff\xfd'
BROADCAST = 0xFE
STATUS = 0x55


def _table() -> list[int]:
    table = []
    for byte in range(256):
        value = byte << 8
        for _ in range(8):
            value = (value << 1) ^ 0x8005 if value & 0x8000 else value << 1
        table.append(value & 0xFFFF)
    return table


_TABLE = _table()


def crc(data: bytes, start: int = 0) -> int:
    """CRC-16 of `data`, going on from `start`."""
    for byte in data:
        start = ((start << 8) & 0xFFFF) ^ _TABLE[(start >> 8) ^ byte]
    return start


class Instruction:
    """Numbers of instructions."""

    PING = 0x01
    READ = 0x02
    WRITE = 0x03
    REBOOT = 0x08
    SYNC_READ = 0x82
    SYNC_WRITE = 0x83
    FAST_SYNC_READ = 0x8A


@dataclass(frozen=True)
class Packet:
    """An instruction that came over the bus; `valid` is false where its CRC is wrong."""

    id: int
    instruction: int
    parameters: bytes
    valid: bool
    size: int  # bytes on the bus


class Reader:
    """Finds instruction packets in a stream of bytes."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, data: bytes) -> list[Packet]:
        """Take bytes and return the packets that are complete."""
        waiting = self._waiting
        waiting += data
        packets = []
        while True:
            begin = waiting.find(HEADER)
            if begin < 0:
                del waiting[:-2]
                return packets
            del waiting[:begin]
            if len(waiting) < 7:
                return packets
            length = int.from_bytes(waiting[5:7], 'little')
            if waiting[3] != 0 or length < 3 or length > 1024:
                del waiting[:3]
                continue
            if len(waiting) < 7 + length:
                return packets
            whole = bytes(waiting[:7 + length])
            del waiting[:7 + length]
            body = whole[7:-2].replace(HEADER + b'\xfd', HEADER)
            packets.append(Packet(
                whole[4], body[0], body[1:],
                crc(whole[:-2]) == int.from_bytes(whole[-2:], 'little'), len(whole)))


def status_packet(id_: int, error: int, data: bytes = b'') -> bytes:
    """A servo's answer."""
    body = (bytes([STATUS, error]) + data).replace(HEADER, HEADER + b'\xfd')
    packet = HEADER + bytes([0, id_]) + (len(body) + 2).to_bytes(2, 'little') + body
    return packet + crc(packet).to_bytes(2, 'little')


def fast_status_packet(answers: list[tuple[int, int, bytes]], expected: int) -> bytes:
    """One answer of many servos (id, error, data): each goes on where the one before it ended.

    The header announces `expected` servos of equal data; a chain that breaks stays short.
    """
    size = len(answers[0][2])
    packet = HEADER + bytes([0, BROADCAST]) + (1 + expected * (size + 4)).to_bytes(2, 'little')
    packet += bytes([STATUS])
    for id_, error, data in answers:
        packet += bytes([error, id_]) + data
        packet += crc(packet).to_bytes(2, 'little')
    return packet
