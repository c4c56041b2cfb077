"""The buffer of a node: waits for transforms, forgets them when time jumps back."""
from collections.abc import Callable
from threading import Condition
from time import monotonic

from geometry_msgs.msg import TransformStamped
from rclpy.clock import Clock, JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.logging import get_logger
from rclpy.node import Node
from rclpy.task import Future
from rclpy.time import Time
from tf2_msgs.srv import FrameGraph
from tf2_py import BufferCore

from tf2_ros.buffer_interface import NO_WAIT, BufferInterface

Check = Callable[[], tuple[bool, str]]


class Buffer(BufferCore, BufferInterface):
    """
    Transforms over time, filled by a TransformListener.

    A look-up with a time-out sleeps until the transform arrives, so the listener must run in
    another thread than the caller: `TransformListener(buffer, node, spin_thread=True)`, or an
    executor of several threads. In a coroutine, await `lookup_transform_async` instead.
    """

    def __init__(self, cache_time: Duration | None = None, node: Node | None = None) -> None:
        """
        Make an empty buffer.

        :param cache_time: how long transforms are kept; 10 s if None.
        :param node: offers the service `tf2_frames` on it, and follows its clock.
        """
        BufferCore.__init__(self, cache_time)
        BufferInterface.__init__(self)
        self._changed = Condition()
        self._watchers: list[Callable[[], None]] = []
        if node is not None:
            self.srv = node.create_service(FrameGraph, 'tf2_frames', self._answer_frames)
        self.clock = Clock() if node is None else node.get_clock()
        backward = JumpThreshold(
            min_forward=None, min_backward=Duration(seconds=-1), on_clock_change=True)
        self.jump_handle = self.clock.create_jump_callback(
            backward, post_callback=self.time_jump_callback)

    def time_jump_callback(self, time_jump: TimeJump) -> None:
        """Forget the moving transforms: their stamps belong to another run of the clock."""
        get_logger('tf2_buffer').warning('time jumped back: moving transforms are forgotten')
        self.clear()

    def set_transform(self, transform: TransformStamped, authority: str) -> None:
        """Take in a transform that holds at its stamp."""
        super().set_transform(transform, authority)
        self._announce()

    def set_transform_static(self, transform: TransformStamped, authority: str) -> None:
        """Take in a transform that holds at every time."""
        super().set_transform_static(transform, authority)
        self._announce()

    def lookup_transform(self, target_frame: str, source_frame: str, time: Time,
                         timeout: Duration = NO_WAIT) -> TransformStamped:
        """
        Return the transform that takes coordinates in `source_frame` to `target_frame`.

        :param time: when; 0 asks for the newest.
        :param timeout: how long to wait for it.
        :raises TransformException: which of its kinds tells what was missing to the end.
        """
        self.can_transform(target_frame, source_frame, time, timeout)
        return self.lookup_transform_core(target_frame, source_frame, time)

    def lookup_transform_full(self, target_frame: str, target_time: Time, source_frame: str,
                              source_time: Time, fixed_frame: str,
                              timeout: Duration = NO_WAIT) -> TransformStamped:
        """
        Return the transform from `source_frame` at one time to `target_frame` at another.

        :param fixed_frame: a frame that stands still between the two times.
        :raises TransformException: which of its kinds tells what was missing to the end.
        """
        self.can_transform_full(
            target_frame, target_time, source_frame, source_time, fixed_frame, timeout)
        return self.lookup_transform_full_core(
            target_frame, target_time, source_frame, source_time, fixed_frame)

    def can_transform(self, target_frame: str, source_frame: str, time: Time,
                      timeout: Duration = NO_WAIT,
                      return_debug_tuple: bool = False) -> bool | tuple[bool, str]:
        """Return whether a transform is there or comes in time; with why not, if asked for."""
        result = self._await(
            lambda: self.can_transform_core(target_frame, source_frame, time), timeout)
        return result if return_debug_tuple else result[0]

    def can_transform_full(self, target_frame: str, target_time: Time, source_frame: str,
                           source_time: Time, fixed_frame: str, timeout: Duration = NO_WAIT,
                           return_debug_tuple: bool = False) -> bool | tuple[bool, str]:
        """Return whether a transform between two times is there or comes in time."""
        result = self._await(
            lambda: self.can_transform_full_core(
                target_frame, target_time, source_frame, source_time, fixed_frame), timeout)
        return result if return_debug_tuple else result[0]

    async def lookup_transform_async(self, target_frame: str, source_frame: str,
                                     time: Time) -> TransformStamped:
        """Return the transform as soon as it is there."""
        await self.wait_for_transform_async(target_frame, source_frame, time)
        return self.lookup_transform_core(target_frame, source_frame, time)

    async def lookup_transform_full_async(self, target_frame: str, target_time: Time,
                                          source_frame: str, source_time: Time,
                                          fixed_frame: str) -> TransformStamped:
        """Return the transform between two times as soon as it is there."""
        await self.wait_for_transform_full_async(
            target_frame, target_time, source_frame, source_time, fixed_frame)
        return self.lookup_transform_full_core(
            target_frame, target_time, source_frame, source_time, fixed_frame)

    def wait_for_transform_async(self, target_frame: str, source_frame: str,
                                 time: Time) -> Future:
        """Return a future that is given the transform when it is there."""
        return self._promise(
            lambda: self.can_transform_core(target_frame, source_frame, time),
            lambda: self.lookup_transform_core(target_frame, source_frame, time))

    def wait_for_transform_full_async(self, target_frame: str, target_time: Time,
                                      source_frame: str, source_time: Time,
                                      fixed_frame: str) -> Future:
        """Return a future that is given the transform between two times when it is there."""
        arguments = (target_frame, target_time, source_frame, source_time, fixed_frame)
        return self._promise(lambda: self.can_transform_full_core(*arguments),
                             lambda: self.lookup_transform_full_core(*arguments))

    def _await(self, check: Check, timeout: Duration) -> tuple[bool, str]:
        """Sleep until the check passes or the time is over; return its last outcome."""
        result = check()
        if result[0] or timeout.nanoseconds <= 0:
            return result
        end = monotonic() + timeout.nanoseconds / 1e9
        with self._changed:
            while not (result := check())[0] and (rest := end - monotonic()) > 0.0:
                self._changed.wait(rest)
        return result

    def _promise(self, check: Check, look_up: Callable[[], TransformStamped]) -> Future:
        future = Future()

        def watch() -> None:
            if future.done() or not check()[0]:
                return
            try:
                future.set_result(look_up())
            except Exception as error:
                future.set_exception(error)

        with self._changed:
            watch()
            if not future.done():
                self._watchers.append(watch)
                future.add_done_callback(lambda _: self._forget(watch))
        return future

    def _forget(self, watch: Callable[[], None]) -> None:
        with self._changed:
            if watch in self._watchers:
                self._watchers.remove(watch)

    def _announce(self) -> None:
        with self._changed:
            self._changed.notify_all()
            watchers = tuple(self._watchers)
        for watch in watchers:
            watch()

    def _answer_frames(self, request: FrameGraph.Request,
                       response: FrameGraph.Response) -> FrameGraph.Response:
        response.frame_yaml = self.all_frames_as_yaml()
        return response
