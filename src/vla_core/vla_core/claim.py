"""Claims that one process holds on this host, so that two robots keep apart what must be."""
import socket

__all__ = ['Claim', 'ClaimError', 'robot_claim']

# A Fast DDS participant of domain d listens on ports from 7400 + 250 d; Linux hands out ports from
# 32768 to anyone, which leaves the domains up to 101.
DOMAINS = range(102)


class ClaimError(RuntimeError):
    """What was claimed is held by another process, or cannot be claimed at all."""


class Claim:
    """
    An exclusive claim on a name, given up by ``release`` or with the end of the process.

    A Linux abstract socket holds it, so nothing is left behind by a process that is killed.
    """

    def __init__(self, name: str, held: str) -> None:
        """Claim ``name``; ClaimError with the text ``held`` if another process holds it."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.bind(f'\0vla/{name}')
        except OSError as error:
            self._socket.close()
            raise ClaimError(held) from error

    def release(self) -> None:
        self._socket.close()


def robot_claim(domain_id: str, namespace: str) -> Claim:
    """
    Claim the place of one robot: a namespace in a ROS domain of this host.

    ``domain_id`` is the text of ROS_DOMAIN_ID ('' means 0). ClaimError if it is no domain or a
    robot runs there already.
    """
    if domain_id and not (domain_id.isdecimal() and int(domain_id) in DOMAINS):
        raise ClaimError(f'ROS_DOMAIN_ID is {domain_id!r}: it must be a number from 0 to '
                         f'{DOMAINS[-1]}')
    domain = int(domain_id or 0)
    namespace = '/' + namespace.strip('/')
    return Claim(
        f'robot/{domain}{namespace}',
        held=f'a robot runs already in namespace {namespace} of ROS domain {domain}: stop it, or '
             f'start this one with namespace:=… or another ROS_DOMAIN_ID')
