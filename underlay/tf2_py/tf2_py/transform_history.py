"""The transforms of one frame in its parent: over time, or once for all."""
from bisect import bisect_left, bisect_right

from tf2_py.exceptions import ExtrapolationException
from tf2_py.rigid_transform import RigidTransform, interpolate

Link = tuple[str, RigidTransform]
"""Name of the parent, and the frame's transform in it."""


def seconds(stamp: int) -> str:
    """Return a time in nanoseconds as text in seconds."""
    return f'{stamp / 1e9:.6f}'


class MovingTransform:
    """Transforms of a moving frame, ordered by time, over the last `cache_time` nanoseconds."""

    def __init__(self, cache_time: int) -> None:
        self._cache_time = cache_time
        self._stamps: list[int] = []
        self._links: list[Link] = []

    @property
    def oldest(self) -> int:
        """Time of the oldest transform, ns."""
        return self._stamps[0]

    @property
    def latest(self) -> int:
        """Time of the newest transform, ns."""
        return self._stamps[-1]

    @property
    def parent(self) -> str:
        """Parent in the newest transform."""
        return self._links[-1][0]

    def __len__(self) -> int:
        return len(self._stamps)

    def insert(self, stamp: int, link: Link) -> bool:
        """Keep a transform, in place of one of the same time; False if it is too old to keep."""
        stamps, links = self._stamps, self._links
        if not stamps or stamp > stamps[-1]:
            stamps.append(stamp)
            links.append(link)
            horizon = stamp - self._cache_time
            if stamps[0] < horizon:
                expired = bisect_left(stamps, horizon)
                del stamps[:expired]
                del links[:expired]
            return True
        if stamp < stamps[-1] - self._cache_time:
            return False
        place = bisect_left(stamps, stamp)
        if stamps[place] == stamp:
            links[place] = link
        else:
            stamps.insert(place, stamp)
            links.insert(place, link)
        return True

    def at(self, stamp: int) -> Link:
        """
        Return the link at a time, interpolated; at 0, the newest.

        :raises ExtrapolationException: if the time is not between the oldest and the newest.
        """
        stamps, links = self._stamps, self._links
        if stamp == 0 or stamp == stamps[-1]:
            return links[-1]
        if stamp > stamps[-1] or stamp < stamps[0]:
            raise ExtrapolationException(self._out_of_range(stamp))
        after = bisect_right(stamps, stamp)
        before = after - 1
        parent, older = link = links[before]
        start = stamps[before]
        if stamp == start or links[after][0] != parent:
            return link
        ratio = (stamp - start) / (stamps[after] - start)
        return parent, interpolate(older, links[after][1], ratio)

    def _out_of_range(self, stamp: int) -> str:
        if len(self._stamps) == 1:
            return (f'Lookup would require extrapolation at time {seconds(stamp)}: '
                    f'the only transform is of {seconds(self.latest)}')
        if stamp > self.latest:
            return (f'Lookup would require extrapolation into the future: time {seconds(stamp)} '
                    f'is asked for, the newest transform is of {seconds(self.latest)}')
        return (f'Lookup would require extrapolation into the past: time {seconds(stamp)} '
                f'is asked for, the oldest transform is of {seconds(self.oldest)}')


class FixedTransform:
    """The one transform of a frame that does not move in its parent; it holds at every time."""

    oldest = latest = 0

    def __init__(self, link: Link) -> None:
        self._link = link

    @property
    def parent(self) -> str:
        """Name of the parent."""
        return self._link[0]

    def __len__(self) -> int:
        return 1

    def insert(self, stamp: int, link: Link) -> bool:
        """Put another transform in place of the one there is."""
        self._link = link
        return True

    def at(self, stamp: int) -> Link:
        """Return the link, which does not depend on the time."""
        return self._link
