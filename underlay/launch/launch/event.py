"""The base of all events."""

__all__ = ['Event']


class Event:
    """Something that happened, for event handlers to react to."""

    name = 'launch.Event'
