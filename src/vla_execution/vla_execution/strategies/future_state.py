"""
The policy sees the state in which its answer will find the robot.

The measured state is rolled forward by the actions already committed until the answer is expected
(VLASH: Tang et al., "Real-time VLAs via future-state-aware asynchronous inference", 2025). The
observation carries the time of that state, so the answer's steps lie at the right times by
themselves. Images stay as they are, which a policy must have been trained for.
"""
from vla_execution.strategies.replace import Replace

__all__ = ['STRATEGY', 'FutureState']


class FutureState(Replace):
    """As `replace`, from a chunk that begins when it arrives."""

    def conditioned_ns(self, now_ns: int, delay_ns: int) -> int:
        return now_ns + delay_ns


STRATEGY = FutureState
