"""What goes wrong with bags, episodes and their export, as one line that names the thing."""
from vla_core.validation import ConfigurationError

__all__ = ['BagError', 'EpisodeError']


class BagError(ConfigurationError):
    """A bag that cannot be read, written or mended; the message is one line."""


class EpisodeError(ConfigurationError):
    """An episode that lacks what is asked of it; the message is one line."""
