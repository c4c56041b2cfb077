"""What can go wrong when a transform is looked up."""


class TransformException(Exception):  # noqa: N818 (the genuine name)
    """Any failure of a look-up."""


class LookupException(TransformException):
    """A frame is not known, or the frames form a loop."""


class ConnectivityException(TransformException):
    """The two frames have no common ancestor."""


class ExtrapolationException(TransformException):
    """The time lies outside what the buffer holds."""


class InvalidArgumentException(TransformException):
    """A frame name or a time is malformed."""


class TimeoutException(TransformException):
    """No answer came in time."""
