"""`ros2 bag info`."""
from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path

from ros2cli.api.bag import SECOND_NS, BagReader
from ros2cli.parser import CommandParser
from ros2cli.verb import VerbExtension

INDENT = 19


class InfoVerb(VerbExtension):
    """Show what a bag holds."""

    def add_arguments(self, parser: CommandParser, cli_name: str) -> None:
        """Add the bag."""
        parser.add_argument('bag_path', type=Path, help='folder of the bag')
        parser.add_argument(
            '-t', '--topic-name', action='store_true', help='show the names of the topics alone')

    def main(self, *, args: argparse.Namespace) -> None:
        """Print files, times and topics."""
        with BagReader(args.bag_path) as bag:
            if args.topic_name:
                print('\n'.join(topic.name for topic in bag.topics))
                return
            metadata = bag.metadata
            files = metadata['relative_file_paths']
            size = sum((bag.path / name).stat().st_size for name in files)
            rows = [
                ('Files', '  '.join(files)),
                ('Bag size', _size(size)),
                ('Storage id', metadata['storage_identifier']),
                ('ROS Distro', metadata.get('ros_distro', 'unknown')),
                ('Duration', f'{bag.duration_ns / SECOND_NS:.9f}s'),
            ]
            if bag.message_count:
                rows += [
                    ('Start', _date(bag.start_ns)),
                    ('End', _date(bag.start_ns + bag.duration_ns))]
            rows += [('Messages', str(bag.message_count))]
            lines = [
                f'Topic: {topic.name} | Type: {topic.type_name} | Count: {topic.message_count} '
                f'| Serialization Format: {topic.serialization_format}'
                for topic in bag.topics]
        rows.append(('Topic information', f'\n{" " * INDENT}'.join(lines)))
        for name, text in rows:
            print(f'{name + ":":<{INDENT}}{text}')


def _date(stamp_ns: int) -> str:
    seconds, fraction = divmod(stamp_ns, SECOND_NS)
    when = datetime.fromtimestamp(seconds)
    return f'{when:%b %e %Y %H:%M:%S}.{fraction:09d} ({seconds}.{fraction:09d})'


def _size(count: int) -> str:
    size = float(count)
    for unit in ('B', 'KiB', 'MiB'):
        if size < 1024:
            return f'{size:.0f} {unit}' if unit == 'B' else f'{size:.1f} {unit}'
        size /= 1024
    return f'{size:.1f} GiB'
