"""Write the pages of docs/reference that follow from the code: nothing there is typed by hand.

    tools/in_workspace .venv/bin/python tools/write_reference.py

`launch_arguments.md` comes from the launch files, `parameters.md` and `configuration.md` from the
pydantic models that nodes and files are read with.
"""
import sys
import types
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import numpy as np
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.launch_description_sources import get_launch_description_from_python_launch_file
from launch.utilities import perform_substitutions
from manifests import ROOT
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from vla_core.parameters import markdown_table

FOLDER = ROOT / 'docs' / 'reference'

LAUNCH_INTRODUCTION = """# Launch arguments

Written from `launch/` by `tools/write_reference.py`, which `make docs` runs. Each file is started
with `ros2 launch vla_bringup NAME.launch.py ARGUMENT:=VALUE …`; with `-s` before the package it
tells its arguments. A file takes those of the files that it includes too.
"""
PARAMETERS_INTRODUCTION = """# Parameters of nodes

Written from the models of the nodes by `tools/write_reference.py`, which `make docs` runs. A value
of another type or beyond what is allowed is refused in one line, and so is a name that the node
does not have. Parameters of controllers are on the pages of the controllers.
`ros2 param set /execution strategy rtc` changes one that is not read-only while the node runs.
"""
CONFIGURATION_INTRODUCTION = """# Configuration files

Written from the models that the files are read with, by `tools/write_reference.py`, which
`make docs` runs. Unknown keys are refused, and a mistake is one line with file, field and remedy.
Units are SI. `[]` stands for each entry of a list, `<name>` for each name of a mapping.
"""

#: Launch files in the order in which one meets them.
LAUNCH_FILES = (
    'robot', 'teleop', 'record', 'replay', 'calibrate', 'two_robots', 'transport', 'control',
    'ros2_control', 'description', 'cameras', 'execution', 'inference', 'monitoring', 'task')

#: The nodes, and the model of the parameters of each.
NODES = {
    'controller_manager': 'vla_control.node.controller_manager:ManagerParameters',
    'ros2_control_bridge': 'vla_hardware.ros2_control.node:BridgeParameters',
    'camera_node': 'vla_cameras.node:CameraParameters',
    'inference_node': 'vla_inference.node.parameters:InferenceParameters',
    'task_check': 'vla_inference.task_check.node:TaskCheckParameters',
    'execution': 'vla_execution.node.parameters:ExecutionParameters',
    'teleop': 'vla_teleop.node.parameters:TeleopParameters',
    'recorder': 'vla_recording.recorder:RecorderParameters',
    'supervisor': 'vla_monitoring.supervision.node:SupervisorParameters',
    'visualisation': 'vla_monitoring.visualisation.node:VisualisationParameters',
    'web_view': 'vla_monitoring.web.node:WebViewParameters',
    'run_recorder': 'vla_monitoring.run_log.node:RecorderParameters',
    'foxglove_bridge': 'vla_monitoring.foxglove_bridge:BridgeParameters',
    'failure_detector': 'vla_monitoring.detection.node:DetectorParameters',
}

#: Configuration files, the model each is read with, and who reads it.
FILES = {
    'config/robots/*.yaml': ('vla_core.profile:RobotProfile', 'every layer, as `robot:=`'),
    'config/policies/*.yaml': (
        'vla_core.policy_contract:PolicyContract',
        ('recording, training, execution and inference, as `contract:=`; a checkpoint carries its '
         'own as `contract.yaml`')),
    'config/controllers/*.yaml': (
        'vla_control.node.configuration:ControllerConfiguration',
        'the controller manager, as `controllers:=`'),
    'config/cameras/*.yaml': (
        'vla_cameras.configuration:CameraSet', 'the camera node, as `cameras:=`'),
    'config/monitoring/*.yaml': (
        'vla_monitoring.supervision.table:SupervisionTable', 'the supervisor, as `supervision:=`'),
    'config/ros2_control/*.yaml': (
        'vla_hardware.ros2_control.configuration:DriverConfiguration',
        'the bridge to a driver, as `driver:=`'),
    'config/dynamixel/*.yaml': (
        'vla_hardware.aloha.wiring:Wiring', 'the plug-in `aloha`, as its option `wiring`'),
    'config/training/*.yaml': (
        'vla_learning.configuration:TrainingConfiguration',
        '`python -m vla_learning.train --config`'),
}


def launch_arguments() -> str:
    """The arguments of every launch file, as `ros2 launch -s` knows them."""
    parts = [LAUNCH_INTRODUCTION]
    for name in LAUNCH_FILES:
        path = ROOT / 'launch' / f'{name}.launch.py'
        description = get_launch_description_from_python_launch_file(str(path))
        subject = import_file(path).__doc__.strip().splitlines()[0]
        parts.append(f'## {name}.launch.py\n\n{subject}\n')
        own = [entity for entity in walk(description)
               if isinstance(entity, DeclareLaunchArgument)]
        if own:
            parts.append(table(('Argument', 'Default', 'Meaning'), (
                (f'`{one.name}`', default_of(one), one.description) for one in own)))
        if included := included_files(description, path):
            links = ', '.join(f'[{file}](#{file}launchpy)' for file in included)
            parts.append(f'Includes {links}.\n')
    return '\n'.join(parts)


def import_file(path: Path) -> types.ModuleType:
    """Import a launch file for its docstring."""
    from launch.launch_description_sources import load_python_launch_file_as_module
    return load_python_launch_file_as_module(str(path))


def walk(description: LaunchDescription) -> Iterator[Any]:
    """Yield the entities of a description and of its groups, without those of its includes."""
    for entity in description.entities:
        yield entity
        if not isinstance(entity, IncludeLaunchDescription):
            groups = [entity.describe_sub_entities()]
            groups += [group for _, group in entity.describe_conditional_sub_entities()]
            for group in groups:
                yield from walk(LaunchDescription(list(group)))


def included_files(description: LaunchDescription, path: Path) -> list[str]:
    """Return the names of the launch files that a description includes."""
    context = LaunchContext()
    context.extend_locals({'current_launch_file_directory': str(path.parent)})
    found = []
    for entity in walk(description):
        if isinstance(entity, IncludeLaunchDescription):
            source = entity.launch_description_source
            source.get_launch_description(context)
            found.append(Path(source.location).name.removesuffix('.launch.py'))
    return list(dict.fromkeys(found))


def default_of(argument: DeclareLaunchArgument) -> str:
    """Return the default as one would type it, or what it follows from."""
    if argument.default_value is None:
        return 'required'
    context = LaunchContext()
    context.launch_configurations['robot'] = '<robot>'
    try:
        value = perform_substitutions(context, argument.default_value)
    except Exception:
        return 'depends'
    return f'`{value}`' if value else 'empty'


def parameters() -> str:
    """The parameters of every node."""
    parts = [PARAMETERS_INTRODUCTION]
    for node, place in NODES.items():
        parts.append(f'## {node}\n\n{markdown_table(model_at(place))}')
    return '\n'.join(parts)


def configuration() -> str:
    """The fields of every configuration file."""
    parts = [CONFIGURATION_INTRODUCTION]
    for files, (place, reader) in FILES.items():
        model = model_at(place)
        parts.append(f'## {files}\n\n{first_sentence(model)} Read by {reader}.\n')
        rows: list[tuple[str, str, str, str]] = []
        seen: dict[type[BaseModel], str] = {}
        collect(model, '', rows, seen)
        parts.append(table(('Field', 'Value', 'Default', 'Meaning'), rows))
        if seen:
            parts.append(''.join(
                f'- `{path}`: {first_sentence(part)}\n' for part, path in seen.items()))
    return '\n'.join(parts)


def model_at(place: str) -> type[BaseModel]:
    module, _, name = place.partition(':')
    return getattr(import_module(module), name)


def first_sentence(model: type[BaseModel]) -> str:
    text = ' '.join((model.__doc__ or '').split('\n\n')[0].split())
    return text.replace('``', '`')


def collect(
    model: type[BaseModel], prefix: str, rows: list, seen: dict[type[BaseModel], str],
) -> None:
    """Add a row for each field of the model, and go into the models in it once."""
    for key, field in model.model_fields.items():
        inner = list(models_in(field.annotation, prefix + key))
        if not inner:
            rows.append((f'`{prefix}{key}`', value_of(field.annotation), default_of_field(field),
                         meaning(field)))
        for place, part in inner:
            if part in seen:
                rows.append((f'`{place}`', f'as `{seen[part]}`', default_of_field(field),
                             meaning(field)))
                continue
            seen[part] = place
            if not field.is_required():
                rows.append((f'`{place}`', 'the fields below', default_of_field(field),
                             meaning(field)))
            collect(part, f'{place}.', rows, seen)


def models_in(annotation: Any, path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield the models that a field holds, with the place of their fields."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield path, annotation
    elif origin is Annotated:
        yield from models_in(inner[0], path)
    elif origin in (Union, types.UnionType):
        several = [one for one in inner if one is not type(None)]
        for one in several:
            kinds = getattr(one, 'model_fields', {}).get('kind')
            place = path if kinds is None or len(several) == 1 else (
                f'{path} ({get_args(kinds.annotation)[0]})')
            yield from models_in(one, place)
    elif origin in (tuple, list):
        yield from models_in(inner[0], f'{path}[]')
    elif origin is dict:
        yield from models_in(inner[1], f'{path}.<name>')


def value_of(annotation: Any) -> str:
    """Return what one writes for a field."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation is np.ndarray:
        return 'numbers'
    if origin is Annotated:
        return value_of(inner[0])
    if origin is Literal:
        return ', '.join(f'`{one}`' if one != '' else 'empty' for one in inner)
    if origin in (Union, types.UnionType):
        return ' or '.join(dict.fromkeys(
            value_of(one) for one in inner if one is not type(None)))
    if origin in (tuple, list):
        return f'list of {value_of(inner[0])}'
    if origin is dict:
        return f'{value_of(inner[0])} to {value_of(inner[1])}'
    return {str: 'text', int: 'whole number', float: 'number', bool: 'true or false'}.get(
        annotation, 'any' if annotation is Any else 'text')


def default_of_field(field: FieldInfo) -> str:
    if field.is_required():
        return 'required'
    value = field.get_default(call_default_factory=True)
    if value is None or value is PydanticUndefined or value in ((), {}, ''):
        return '–'
    if isinstance(value, BaseModel):
        return 'their defaults'
    return f'`{str(value).lower() if isinstance(value, bool) else value}`'


def meaning(field: FieldInfo) -> str:
    """Return the description with its unit and bounds."""
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    text, unit = field.description or '', extra.get('unit', '')
    bounds = [f'{sign} {getattr(item, bound):g}' for item in field.metadata
              for bound, sign in (('ge', '≥'), ('gt', '>'), ('le', '≤'), ('lt', '<'))
              if getattr(item, bound, None) is not None]
    return ', '.join(part for part in (text, unit, ' and '.join(bounds)) if part)


def table(head: tuple[str, ...], rows: Any) -> str:
    """Return a Markdown table."""
    lines = [' | '.join(head), '|'.join(['---'] * len(head))]
    lines += [' | '.join(' '.join(cell.split()).replace('|', '\\|') for cell in row)
              for row in rows]
    return ''.join(f'| {line} |\n' if '---' not in line else f'|{line}|\n' for line in lines)


def pages() -> dict[Path, str]:
    """Return the text of every generated page."""
    return {FOLDER / 'launch_arguments.md': launch_arguments(),
            FOLDER / 'parameters.md': parameters(),
            FOLDER / 'configuration.md': configuration()}


def main() -> int:
    for path, text in pages().items():
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            print(f'wrote {path.relative_to(ROOT)}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
