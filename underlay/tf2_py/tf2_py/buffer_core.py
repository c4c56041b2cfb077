"""The tree of frames over time."""
from math import isfinite
from threading import RLock

from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.logging import get_logger
from rclpy.time import Time

from tf2_py.exceptions import (
    ConnectivityException,
    ExtrapolationException,
    InvalidArgumentException,
    LookupException,
    TransformException,
)
from tf2_py.rigid_transform import IDENTITY, RigidTransform, compose, invert
from tf2_py.transform_history import FixedTransform, MovingTransform, seconds

MAX_DEPTH = 1000
"""Links from a frame to its root; more can only be a loop."""

NORM_TOLERANCE = 0.01
"""How far the squared norm of an incoming quaternion may be from 1."""


def nanoseconds(value) -> int:
    """Return a time or duration, of rclpy or of a message, in nanoseconds."""
    if hasattr(value, 'nanoseconds'):
        return value.nanoseconds
    try:
        return value.sec * 1_000_000_000 + value.nanosec
    except AttributeError:
        raise TypeError(
            f'a time must have nanoseconds, or sec and nanosec; got {type(value).__name__}'
        ) from None


class BufferCore:
    """
    Transforms between named frames, each frame with one parent, over the last `cache_time`.

    A transform of a frame tells where the frame stands in its parent. Look-ups interpolate between
    the two nearest times of each link. Safe to use from several threads.
    """

    def __init__(self, cache_time: Duration | None = None) -> None:
        """
        Make an empty buffer.

        :param cache_time: how long a transform is kept after the newest of its frame; 10 s if
            None.
        """
        self._cache_time = 10_000_000_000 if cache_time is None else nanoseconds(cache_time)
        self._histories: dict[str, MovingTransform | FixedTransform] = {}
        self._authorities: dict[str, str] = {}
        self._names: set[str] = set()
        self._lock = RLock()
        self._logger = get_logger('tf2_buffer')

    def set_transform(self, transform: TransformStamped, authority: str) -> None:
        """Take in a transform that holds at its stamp; a malformed one is logged and left out."""
        self._insert(transform, authority, fixed=False)

    def set_transform_static(self, transform: TransformStamped, authority: str) -> None:
        """Take in a transform that holds at every time; a malformed one is logged and left out."""
        self._insert(transform, authority, fixed=True)

    def clear(self) -> None:
        """Forget the transforms that change over time; names and static transforms stay."""
        with self._lock:
            self._histories = {frame: history for frame, history in self._histories.items()
                               if isinstance(history, FixedTransform)}

    def lookup_transform_core(self, target_frame: str, source_frame: str,
                              time: Time) -> TransformStamped:
        """
        Return the transform that takes coordinates in `source_frame` to `target_frame`.

        :param time: when; 0 asks for the newest time all links on the way have data for.
        :raises LookupException: if a frame is not known.
        :raises ConnectivityException: if no path joins the frames.
        :raises ExtrapolationException: if a link has no data around the time.
        :raises InvalidArgumentException: if a name is empty or starts with a slash.
        """
        with self._lock:
            self._check_frame('target_frame', target_frame)
            self._check_frame('source_frame', source_frame)
            stamp, transform = self._lookup(target_frame, source_frame, nanoseconds(time))
        return to_message(transform, stamp, target_frame, source_frame)

    def lookup_transform_full_core(self, target_frame: str, target_time: Time, source_frame: str,
                                   source_time: Time, fixed_frame: str) -> TransformStamped:
        """
        Return the transform from `source_frame` at one time to `target_frame` at another.

        :param fixed_frame: a frame that stands still between the two times.
        :raises TransformException: as `lookup_transform_core`.
        """
        with self._lock:
            self._check_frame('target_frame', target_frame)
            self._check_frame('source_frame', source_frame)
            self._check_frame('fixed_frame', fixed_frame)
            _, fixed_source = self._lookup(fixed_frame, source_frame, nanoseconds(source_time))
            stamp, target_fixed = self._lookup(target_frame, fixed_frame, nanoseconds(target_time))
        return to_message(compose(target_fixed, fixed_source), stamp, target_frame, source_frame)

    def can_transform_core(self, target_frame: str, source_frame: str,
                           time: Time) -> tuple[bool, str]:
        """Return whether a look-up would succeed, and why not."""
        try:
            with self._lock:
                self._check_frame('target_frame', target_frame)
                self._check_frame('source_frame', source_frame)
                self._lookup(target_frame, source_frame, nanoseconds(time))
        except TransformException as error:
            return False, str(error)
        return True, ''

    def can_transform_full_core(self, target_frame: str, target_time: Time, source_frame: str,
                                source_time: Time, fixed_frame: str) -> tuple[bool, str]:
        """Return whether a look-up between two times would succeed, and why not."""
        fits, reason = self.can_transform_core(fixed_frame, source_frame, source_time)
        return (fits, reason) if not fits else self.can_transform_core(
            target_frame, fixed_frame, target_time)

    def get_latest_common_time(self, target_frame: str, source_frame: str) -> Time:
        """Return the newest time all links between two frames have data for; 0 if all are static.

        :raises TransformException: as `lookup_transform_core`.
        """
        with self._lock:
            self._check_frame('target_frame', target_frame)
            self._check_frame('source_frame', source_frame)
            return Time(nanoseconds=self._latest_common_time(target_frame, source_frame))

    def all_frames_as_yaml(self) -> str:
        """Return the tree as YAML: parent, source, rate (Hz) and times (s) of each frame."""
        with self._lock:
            if not self._histories:
                return '[]'
            return ''.join(self._frame_as_yaml(*item) for item in sorted(self._histories.items()))

    def all_frames_as_string(self) -> str:
        """Return the tree as text, one line a frame."""
        with self._lock:
            return ''.join(f'Frame {frame} exists with parent {history.parent}.\n'
                           for frame, history in sorted(self._histories.items()))

    def _frame_as_yaml(self, frame: str, history: MovingTransform | FixedTransform) -> str:
        span = (history.latest - history.oldest) / 1e9
        rate = (len(history) - 1) / span if span else 10000.0
        return (f'{frame}: \n'
                f"  parent: '{history.parent}'\n"
                f"  broadcaster: '{self._authorities[frame]}'\n"
                f'  rate: {rate:.3f}\n'
                f'  most_recent_transform: {seconds(history.latest)}\n'
                f'  oldest_transform: {seconds(history.oldest)}\n'
                f'  buffer_length: {span:.3f}\n')

    def _frameExists(self, frame_id: str) -> bool:
        return frame_id in self._names

    def _getFrameStrings(self) -> list[str]:
        with self._lock:
            return sorted(self._names)

    def _insert(self, message: TransformStamped, authority: str, *, fixed: bool) -> None:
        parent = message.header.frame_id.removeprefix('/')
        child = message.child_frame_id.removeprefix('/')
        translation, rotation = message.transform.translation, message.transform.rotation
        transform = (translation.x, translation.y, translation.z,
                     rotation.x, rotation.y, rotation.z, rotation.w)
        fault = find_fault(parent, child, transform)
        if fault:
            self._logger.error(f"transform of '{child}' in '{parent}' from '{authority}' is "
                               f'ignored: {fault}', throttle_duration_sec=1.0)
            return
        stamp = nanoseconds(message.header.stamp)
        with self._lock:
            history = self._histories.get(child)
            if fixed and not isinstance(history, FixedTransform):
                history = self._histories[child] = FixedTransform((parent, transform))
            elif not fixed and not isinstance(history, MovingTransform):
                history = self._histories[child] = MovingTransform(self._cache_time)
            kept = history.insert(stamp, (parent, transform))
            self._names.update((parent, child))
            if kept:
                self._authorities[child] = authority
        if not kept:
            self._logger.warning(
                f"transform of '{child}' in '{parent}' from '{authority}' is ignored: its stamp "
                f'{seconds(stamp)} is older than the {self._cache_time / 1e9:g} s kept',
                throttle_duration_sec=1.0)

    def _check_frame(self, argument: str, frame: str) -> None:
        if frame in self._names:
            return
        if not frame:
            raise InvalidArgumentException(f'{argument} is empty')
        if frame.startswith('/'):
            raise InvalidArgumentException(
                f"{argument} '{frame}' starts with a slash: frame names have none in tf2")
        raise LookupException(f'{argument} "{frame}" does not exist')

    def _lookup(self, target: str, source: str, stamp: int) -> tuple[int, RigidTransform]:
        """Return the time of the transform (ns) and the transform from source to target."""
        if target == source:
            history = self._histories.get(target)
            return (stamp or (history.latest if history else 0)), IDENTITY
        if stamp == 0:
            stamp = self._latest_common_time(target, source)
        try:
            return stamp, self._walk(target, source, stamp)
        except ExtrapolationException as error:
            raise ExtrapolationException(
                f"{error}, when looking up frame '{source}' in frame '{target}'") from None

    def _walk(self, target: str, source: str, stamp: int) -> RigidTransform:
        """Return the transform from source to target, over the first ancestor they share."""
        histories = self._histories
        gap = None
        frame, source_to_top = source, IDENTITY
        for _ in range(MAX_DEPTH):
            if frame == target:
                return source_to_top
            history = histories.get(frame)
            if history is None:
                break
            try:
                parent, link = history.at(stamp)
            except ExtrapolationException as error:
                # The frames may still meet here or below.
                gap = error
                break
            source_to_top = compose(link, source_to_top)
            frame = parent
        else:
            raise self._loop(source)
        top = frame
        frame, target_to_top = target, IDENTITY
        for _ in range(MAX_DEPTH):
            if frame == top:
                return compose(invert(target_to_top), source_to_top)
            if frame == source:
                return invert(target_to_top)
            history = histories.get(frame)
            if history is None:
                raise gap or self._unconnected(target, source)
            frame, link = history.at(stamp)
            target_to_top = compose(link, target_to_top)
        raise self._loop(target)

    def _latest_common_time(self, target: str, source: str) -> int:
        """Return the newest time that all links between two frames have; 0 if all are static."""
        histories = self._histories
        # Newest time that all links from the source up to each of its ancestors have.
        newest: dict[str, int | None] = {source: None}
        frame, common = source, None
        while frame != target and (history := histories.get(frame)) is not None:
            common = earlier(common, history.latest)
            frame = history.parent
            if frame in newest:
                raise self._loop(source)
            newest[frame] = common
        frame, common = target, None
        for _ in range(MAX_DEPTH):
            if frame in newest:
                return earlier(common, newest[frame] or 0) or 0
            history = histories.get(frame)
            if history is None:
                raise self._unconnected(target, source)
            common = earlier(common, history.latest)
            frame = history.parent
        raise self._loop(target)

    def _loop(self, frame: str) -> LookupException:
        return LookupException(
            f"the parents of '{frame}' form a loop: {self.all_frames_as_string()}")

    @staticmethod
    def _unconnected(target: str, source: str) -> ConnectivityException:
        return ConnectivityException(
            f"Could not find a connection between '{target}' and '{source}': "
            'they stand in two trees, no transform joins them')


def earlier(common: int | None, latest: int) -> int | None:
    """Return the earlier of two times, of which 0 and None stand for any time."""
    if latest == 0:
        return common
    return latest if common is None or latest < common else common


def find_fault(parent: str, child: str, transform: RigidTransform) -> str | None:
    """Return what is wrong with a transform, or None."""
    if not child:
        return 'child_frame_id is empty'
    if not parent:
        return 'header.frame_id is empty'
    if parent == child:
        return 'a frame cannot be its own parent'
    if not isfinite(sum(transform)):
        return f'it holds a value that is not finite: {transform}'
    i, j, k, w = transform[3:]
    norm = i * i + j * j + k * k + w * w
    if abs(norm - 1.0) > NORM_TOLERANCE:
        return f'rotation {transform[3:]} is not a unit quaternion'
    return None


def to_message(transform: RigidTransform, stamp: int, target: str,
               source: str) -> TransformStamped:
    """Return a transform as the message that tells where `source` stands in `target`."""
    message = TransformStamped(child_frame_id=source)
    header = message.header
    header.frame_id = target
    header.stamp.sec, header.stamp.nanosec = divmod(stamp, 1_000_000_000)
    translation, rotation = message.transform.translation, message.transform.rotation
    translation.x, translation.y, translation.z = transform[:3]
    rotation.x, rotation.y, rotation.z, rotation.w = transform[3:]
    return message
