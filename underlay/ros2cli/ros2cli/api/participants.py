"""
How many DDS participants there are on this host, by the UDP ports that they listen on.

A participant that misses the answer to its first announcement hears of the others only with their
next one, three seconds later by default; this count tells that there is somebody to wait for.
"""
from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

SOCKETS = Path('/proc/net/udp')
# RTPS 2.2, 9.6.1.1: metatraffic unicast port = PB + DG * domain + d1 + PG * participant.
PORT_BASE = 7400
DOMAIN_GAIN = 250
METATRAFFIC_OFFSET = 10
PARTICIPANT_GAIN = 2
LISTENING = '07'
PREFIX_LENGTH = 12


def participants_on_this_host(domain: int) -> int:
    """Count the participants of a domain; 0 where the system does not tell."""
    try:
        rows = SOCKETS.read_text(encoding='ascii').splitlines()[1:]
    except OSError:
        return 0
    return count_participants(rows, domain)


def count_participants(rows: Iterable[str], domain: int) -> int:
    """Count the participants of a domain in the rows of /proc/net/udp."""
    first = PORT_BASE + DOMAIN_GAIN * domain + METATRAFFIC_OFFSET
    ports = range(first, PORT_BASE + DOMAIN_GAIN * (domain + 1), PARTICIPANT_GAIN)
    found = {
        int(fields[1].rpartition(':')[2], 16)
        for fields in map(str.split, rows) if len(fields) > 3 and fields[3] == LISTENING}
    return len(found.intersection(ports))


def participants_known(gids: Iterable[Iterable[int]]) -> int:
    """Count the participants that endpoints belong to, by the prefixes of their GIDs."""
    return len({tuple(gid)[:PREFIX_LENGTH] for gid in gids})
