"""
A policy in two speeds: a slow part that understands, a fast part that acts.

The slow part (vision and language) runs in a process of its own and leaves what it understood, a
latent, in shared memory with the time of the observation it came from. The fast part (the action
head) answers every request from the newest latent, its age and the present observation, so its rate
does not depend on the slow one; asynchronous fast-slow execution as in DuoCore-FS (2025), with the
age given to the head explicitly as in TIC-VLA (2026).
"""
from vla_inference.fast_slow.split import SlowFast

__all__ = ['SlowFast']
