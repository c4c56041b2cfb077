"""A task ends once, and says honestly how."""
from vla_inference.task import Outcome, Phase, Task


def test_the_first_word_counts():
    task = Task('pick', 10.0, 100.0, 10.0)
    task.tick(100.5, executing=False, trouble='')
    assert task.phase is Phase.STARTING
    task.tick(101.0, executing=True, trouble='')
    task.tick(103.0, executing=True, trouble='')
    task.finish(Outcome.CANCELLED, 'cancelled', 103.5)
    task.finish(Outcome.SUCCEEDED, 'too late', 103.6)
    assert task.end.outcome is Outcome.CANCELLED and not task.end.success
    assert (task.end.duration_s, task.end.steps) == (3.5, 25)


def test_time_runs_while_the_policy_recovers_and_the_reason_is_told():
    task = Task('pick', 5.0, 0.0, 10.0)
    task.tick(1.0, executing=True, trouble='')
    assert task.phase is Phase.ACTING
    task.tick(2.0, executing=False, trouble='front/image_raw is 1.0 s old')
    assert task.phase is Phase.RECOVERING
    task.tick(2.5, executing=True, trouble='')
    assert task.phase is Phase.ACTING
    task.tick(5.0, executing=False, trouble='policy: lost')
    assert task.end.outcome is Outcome.TIMED_OUT
    assert task.end.message == 'no success within 5 s; policy: lost'
