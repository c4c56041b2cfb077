"""LeRobotDataset v3: read, write, statistics, merge and split. No ROS."""
from .editing import convert, merge, select, shares, split
from .errors import DatasetError, DiskFullError
from .features import Feature
from .metadata import Episode, Metadata
from .reader import DatasetReader
from .video import VideoSettings
from .writer import DatasetWriter

__all__ = [
    'DatasetError',
    'DatasetReader',
    'DatasetWriter',
    'DiskFullError',
    'Episode',
    'Feature',
    'Metadata',
    'VideoSettings',
    'convert',
    'merge',
    'select',
    'shares',
    'split',
]
