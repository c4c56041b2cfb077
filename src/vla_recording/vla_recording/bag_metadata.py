"""
``metadata.yaml`` of rosbag2, version 9, and what of it stands in each MCAP file.

Every key that rosbag2 reads is there; times are in ns since the epoch.
"""
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from vla_recording.errors import BagError

__all__ = ['METADATA', 'BagMetadata', 'BagTopic', 'FileSpan', 'read_metadata']

METADATA = 'metadata.yaml'
ROOT = 'rosbag2_bagfile_information'
VERSION = 9
DISTRIBUTION = 'jazzy'
# libyaml's, where PyYAML has them, are many times as fast.
_Loader = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)
_Dumper = getattr(yaml, 'CSafeDumper', yaml.SafeDumper)


@dataclass(frozen=True)
class BagTopic:
    """
    One recorded topic.

    ``offered_qos`` holds a mapping for each publisher in rosbag2's form; ``definition`` is the
    text of the type followed by those it holds; ``type_hash`` is RIHS01, or empty.
    """

    name: str
    type_name: str
    definition: str
    type_hash: str = ''
    offered_qos: tuple[Mapping[str, Any], ...] = ()

    def stored(self) -> dict[str, Any]:
        """The topic_metadata of metadata.yaml."""
        return {'name': self.name, 'type': self.type_name, 'serialization_format': 'cdr',
                'offered_qos_profiles': [dict(profile) for profile in self.offered_qos],
                'type_description_hash': self.type_hash}

    def channel_metadata(self) -> dict[str, str]:
        """The metadata of the channel in an MCAP file."""
        return {'offered_qos_profiles': yaml.dump(
                    [dict(profile) for profile in self.offered_qos], Dumper=_Dumper,
                    sort_keys=False).strip(),
                'topic_type_hash': self.type_hash}


@dataclass
class FileSpan:
    """One file of a bag, and what it holds."""

    path: str
    start_ns: int = 0
    end_ns: int = 0
    message_count: int = 0

    def stored(self) -> dict[str, Any]:
        """The entry of metadata.yaml."""
        return {'path': self.path,
                'starting_time': {'nanoseconds_since_epoch': self.start_ns},
                'duration': {'nanoseconds': self.end_ns - self.start_ns},
                'message_count': self.message_count}


@dataclass
class BagMetadata:
    """What a bag says of itself."""

    topics: Sequence[BagTopic] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    files: Sequence[FileSpan] = ()
    custom_data: Mapping[str, str] = field(default_factory=dict)

    @property
    def message_count(self) -> int:
        """Messages in all files."""
        return sum(file.message_count for file in self.files)

    def text(self) -> str:
        """The file."""
        full = [file for file in self.files if file.message_count]
        start = min((file.start_ns for file in full), default=0)
        end = max((file.end_ns for file in full), default=start)
        return yaml.dump({ROOT: {
            'version': VERSION,
            'storage_identifier': 'mcap',
            'duration': {'nanoseconds': end - start},
            'starting_time': {'nanoseconds_since_epoch': start},
            'message_count': self.message_count,
            'topics_with_message_count': [
                {'topic_metadata': topic.stored(),
                 'message_count': self.counts.get(topic.name, 0)} for topic in self.topics],
            'compression_format': '',
            'compression_mode': '',
            'relative_file_paths': [file.path for file in self.files],
            'files': [file.stored() for file in self.files],
            'custom_data': dict(self.custom_data) or None,
            'ros_distro': DISTRIBUTION,
        }}, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


def read_metadata(bag: Path) -> dict[str, Any]:
    """What metadata.yaml of ``bag`` holds; BagError says what to do where there is none."""
    path = bag / METADATA
    try:
        content = yaml.load(path.read_text(encoding='utf-8'), _Loader)[ROOT]
    except FileNotFoundError as error:
        hint = (f'run: ros2 run vla_recording recover {bag}' if any(bag.glob('*.mcap'))
                else 'it is not a bag')
        raise BagError(f'{bag}: no metadata.yaml; {hint}') from error
    except (OSError, yaml.YAMLError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise BagError(f'{path}: not readable ({type(error).__name__}); '
                       f'run: ros2 run vla_recording recover {bag}') from error
    if not isinstance(content, dict):
        raise BagError(f'{path}: empty; run: ros2 run vla_recording recover {bag}')
    return content
