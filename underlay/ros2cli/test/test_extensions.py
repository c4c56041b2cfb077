from configparser import ConfigParser

import pytest
from ros2cli.extensions import OWN_ENTRY_POINTS, entry_points, load_extension, summary
from ros2cli.parser import parser_of

TABLE = ConfigParser(delimiters='=')
TABLE.read_string(OWN_ENTRY_POINTS.read_text())
OWN = [
    (group, name) for group in TABLE.sections() if group != 'console_scripts'
    for name in TABLE.options(group)]


@pytest.mark.parametrize(('group', 'name'), OWN)
def test_every_command_and_verb_loads_and_explains_itself(group, name):
    extension = load_extension(group, name)
    assert name == extension.NAME
    assert summary(extension)
    assert '-h, --help' in parser_of(extension, f'ros2 {name}', []).format_help()


def test_every_verb_of_the_table_belongs_to_a_command():
    commands = [load_extension('ros2cli.command', name) for name in entry_points('ros2cli.command')]
    groups = {command.VERBS for command in commands if hasattr(command, 'VERBS')}
    assert groups == set(TABLE.sections()) - {'console_scripts', 'ros2cli.command'}


def test_another_package_adds_a_verb(ros2, environment, tmp_path):
    (tmp_path / 'shouting.py').write_text(
        'from ros2cli.verb import VerbExtension\n\n\n'
        'class ShoutVerb(VerbExtension):\n'
        '    """Shout a word."""\n\n'
        '    def add_arguments(self, parser, cli_name):\n'
        "        parser.add_argument('word')\n\n"
        '    def main(self, *, args):\n'
        '        print(args.word.upper())\n')
    metadata = tmp_path / 'shouting-1.0.dist-info'
    metadata.mkdir()
    (metadata / 'METADATA').write_text('Metadata-Version: 2.1\nName: shouting\nVersion: 1.0\n')
    (metadata / 'entry_points.txt').write_text('[ros2topic.verb]\nshout = shouting:ShoutVerb\n')
    path = f'{tmp_path}:{environment["PYTHONPATH"]}'
    assert ros2('topic', 'shout', 'hey', PYTHONPATH=path).stdout == 'HEY\n'
    assert 'Shout a word' in ros2('topic', '-h', PYTHONPATH=path).stdout
