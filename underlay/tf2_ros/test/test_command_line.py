"""Regression: a signal amid a callback ended the tools with a traceback from rclpy."""
import pytest
import rclpy
from rclpy.node import Node
from std_msgs.msg import String
from tf2_ros.command_line import run


class Interrupted(Node):
    """Publishes after its context is gone, as a callback does that a signal overtakes."""

    def __init__(self):
        super().__init__('interrupted')
        publisher = self.create_publisher(String, 'words', 10)

        def overtaken():
            rclpy.shutdown()
            publisher.publish(String())

        self.create_timer(0.01, overtaken)


class Broken(Node):
    """Fails on its own."""

    def __init__(self):
        super().__init__('broken')
        self.create_timer(0.01, self._fail)

    def _fail(self):
        raise RuntimeError('no signal came')


def test_a_context_taken_away_is_a_quiet_end():
    assert run(Interrupted, []) == 0


def test_other_failures_are_not_hidden():
    with pytest.raises(RuntimeError, match='no signal came'):
        run(Broken, [])
