"""
Parameters of a ROS node, declared once as a model.

Type, default, range, unit, description and whether it may change are written in one place, and
declaration, checks, live updates and documentation follow:

    class Gains(StrictModel):
        stiffness: float = parameter(600.0, ge=0, le=2000, unit='N/m', description='…')

    class Parameters(StrictModel):
        gains: Gains = Gains()          # the node sees gains.stiffness
        arm: str = parameter('arm', description='…', read_only=True)

    parameters = NodeParameters(node, Parameters)
    parameters.values.gains.stiffness   # always whole and valid

Fields are bool, int, float, str, a literal of strings, a list or tuple of one of those, or a
nested model. An override that the model does not have, or a value it refuses, is a
ParameterError of one line; a bad change at run time is refused in one line and changes nothing.
"""
import threading
import types
from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar, Union, get_args, get_origin

import numpy as np
import yaml
from pydantic import Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from vla_core.validation import ConfigurationError, StrictModel, near_matches, one_line

__all__ = [
    'NodeParameters', 'ParameterDeclaration', 'ParameterError', 'declarations', 'declare',
    'mapping_of', 'markdown_table', 'parameter',
]

ModelT = TypeVar('ModelT', bound=StrictModel)

_SCALARS = {bool: 'bool', int: 'integer', float: 'double', str: 'string'}
_ALWAYS_ALLOWED = ('use_sim_time', 'start_type_description_service')


class ParameterError(ConfigurationError):
    """A parameter that the node does not have, or a value that it refuses; one line."""


def parameter(
    default: Any = ..., *, description: str, unit: str = '', read_only: bool = False,
    **constraints: Any,
) -> Any:
    """
    A field with what ROS shows of it; without ``default`` it must be given.

    ``constraints`` are those of pydantic's Field: ge, gt, le, lt, min_length, max_length, pattern.
    """
    return Field(
        default, description=description,
        json_schema_extra={'unit': unit, 'read_only': read_only}, **constraints)


@dataclass(frozen=True)
class ParameterDeclaration:
    """One parameter as ROS sees it; ``type`` is 'double', 'string_array' and so on."""

    name: str
    type: str
    default: Any
    description: str
    unit: str
    read_only: bool
    lower: float | None
    upper: float | None
    choices: tuple[str, ...]
    range: str

    @property
    def allowed(self) -> str:
        """Range, or choices, and unit, for people."""
        return ' '.join(filter(None, (self.range, self.unit)))


def declarations(model: type[StrictModel]) -> tuple[ParameterDeclaration, ...]:
    """Every parameter of ``model``, nested ones under dotted names, in the order written."""
    return tuple(_walk(model, ''))


def declare(node: Any, model: type[ModelT]) -> ModelT:
    """Declare the parameters of ``model`` on ``node`` and return their values now."""
    return NodeParameters(node, model).values


class NodeParameters(Generic[ModelT]):
    """
    The parameters of one node, declared when made and updated live.

    ``on_change(old, new)`` is called after every accepted change. ParameterError when an override
    is unknown or refused.
    """

    def __init__(
        self, node: Any, model: type[ModelT],
        on_change: Callable[[ModelT, ModelT], None] | None = None,
    ) -> None:
        self._model = model
        self._declared = {entry.name: entry for entry in declarations(model)}
        self._on_change = on_change
        self._refused = threading.local()
        overrides = {name: entry.value for name, entry in node._parameter_overrides.items()}
        self._refuse_unknown(node, overrides)
        self.values: ModelT = self._validate(
            {name: value for name, value in overrides.items() if name in self._declared})
        flat = _flatten(self.values)
        for name, entry in self._declared.items():
            node.declare_parameter(
                name, flat[name], self._descriptor(entry, flat[name]), ignore_override=True)
        node.add_pre_set_parameters_callback(self._prepare)
        node.add_on_set_parameters_callback(self._judge)
        node.add_post_set_parameters_callback(self._accept)

    def _refuse_unknown(self, node: Any, overrides: Mapping[str, Any]) -> None:
        for name in overrides:
            if not (name in self._declared or name in _ALWAYS_ALLOWED
                    or name.startswith('qos_overrides.') or node.has_parameter(name)):
                raise ParameterError(
                    f'node {node.get_name()} has no parameter {name!r}; '
                    f'{near_matches(name, self._declared)}')

    def _validate(self, changes: Mapping[str, Any], base: ModelT | None = None) -> ModelT:
        values = _flatten(base) if base is not None else {
            name: entry.default for name, entry in self._declared.items()
            if entry.default is not PydanticUndefined}
        for name, value in changes.items():
            values[name] = _checked(self._declared[name], value)
        try:
            return self._model.model_validate(_nested(values))
        except ValidationError as failure:
            raise ParameterError(self._explain(failure)) from failure

    def _explain(self, failure: ValidationError) -> str:
        first = failure.errors(include_url=False)[0]
        path = '.'.join(str(part) for part in first['loc'] if not isinstance(part, int))
        entry = self._declared.get(path)
        allowed = f'; allowed: {entry.allowed}' if entry and entry.allowed else ''
        return f'parameter {one_line(failure)}{allowed}'

    @staticmethod
    def _descriptor(entry: ParameterDeclaration, value: Any) -> Any:
        from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
        descriptor = ParameterDescriptor(
            description=entry.description + (f' [{entry.unit}]' if entry.unit else ''),
            additional_constraints=entry.range,
            read_only=entry.read_only,
            # An empty list does not tell its type; what may follow is checked here.
            dynamic_typing=value == [])
        if entry.lower is None and entry.upper is None:
            return descriptor
        if entry.type == 'double':
            descriptor.floating_point_range = [FloatingPointRange(
                from_value=float('-inf') if entry.lower is None else float(entry.lower),
                to_value=float('inf') if entry.upper is None else float(entry.upper))]
        elif entry.type == 'integer':
            descriptor.integer_range = [IntegerRange(
                from_value=-2**63 if entry.lower is None else int(entry.lower),
                to_value=2**63 - 1 if entry.upper is None else int(entry.upper))]
        return descriptor

    def _prepare(self, parameters: list) -> list:
        """
        Give ROS values of the declared type, or the old ones when the new ones are refused.

        ROS checks types and ranges on its own before it asks us and would answer without a unit;
        so a refused change is put aside here and reported by `_judge`.
        """
        changes = {entry.name: entry.value for entry in parameters if entry.name in self._declared}
        self._refused.reason = ''
        try:
            flat = _flatten(self._validate(changes, self.values))
        except ParameterError as failure:
            self._refused.reason = str(failure)
            flat = _flatten(self.values)
        return [self._ros_parameter(entry.name, flat[entry.name])
                if entry.name in self._declared else entry for entry in parameters]

    def _ros_parameter(self, name: str, value: Any) -> Any:
        from rclpy.parameter import Parameter
        return Parameter(name, Parameter.Type[self._declared[name].type.upper()], value)

    def _judge(self, parameters: list) -> Any:
        from rcl_interfaces.msg import SetParametersResult
        reason = getattr(self._refused, 'reason', '')
        if reason and any(entry.name in self._declared for entry in parameters):
            return SetParametersResult(successful=False, reason=reason)
        return SetParametersResult(successful=True)

    def _accept(self, parameters: list) -> None:
        changes = {entry.name: entry.value for entry in parameters if entry.name in self._declared}
        if changes:
            old, self.values = self.values, self._validate(changes, self.values)
            if self._on_change is not None:
                self._on_change(old, self.values)


def mapping_of(name: str, text: str, what: str = 'names to values') -> dict[str, Any]:
    """
    The mapping that a text parameter holds as YAML, {} if empty.

    ParameterError, naming the parameter and ``what`` it must map, when it holds something else.
    """
    try:
        values = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ParameterError(
            f'parameter {name}: is not valid YAML: {" ".join(str(error).split())}') from error
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise ParameterError(f'parameter {name}: must map {what}')
    return values


def markdown_table(model: type[StrictModel]) -> str:
    """The parameters of ``model`` as a Markdown table, for the page of a node."""
    rows = ['| Parameter | Type | Default | Allowed | Unit | Description |',
            '|---|---|---|---|---|---|']
    for entry in declarations(model):
        default = 'required' if entry.default is PydanticUndefined else f'`{_yaml(entry.default)}`'
        description = entry.description + (' Read-only.' if entry.read_only else '')
        cells = (f'`{entry.name}`', entry.type, default, entry.range, entry.unit, description)
        rows.append('| ' + ' | '.join(cell.replace('|', '\\|') for cell in cells) + ' |')
    return '\n'.join(rows) + '\n'


def _walk(model: type[StrictModel], prefix: str, owner: Any = None) -> Iterator:
    for key, field in model.model_fields.items():
        name, kind = prefix + key, _bare(field.annotation)
        default = getattr(owner, key) if owner is not None else field.get_default(
            call_default_factory=True)
        if isinstance(kind, type) and issubclass(kind, StrictModel):
            yield from _walk(
                kind, f'{name}.', None if default is PydanticUndefined else default)
        else:
            yield _declaration(name, kind, field, default)


def _declaration(name: str, kind: Any, field: FieldInfo, default: Any) -> ParameterDeclaration:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    bounds: dict[str, Any] = {}
    for item in field.metadata:
        for bound in ('ge', 'gt', 'le', 'lt'):
            limit = getattr(item, bound, None)
            if limit is not None:
                bounds[bound] = limit
    choices = get_args(kind) if get_origin(kind) is Literal else ()
    return ParameterDeclaration(
        name=name, type=_ros_type(name, kind),
        default=default if default is PydanticUndefined else _plain(default),
        description=field.description or '', unit=str(extra.get('unit', '')),
        read_only=bool(extra.get('read_only', False)),
        lower=bounds.get('ge', bounds.get('gt')), upper=bounds.get('le', bounds.get('lt')),
        choices=tuple(map(str, choices)), range=_range(bounds, choices))


def _range(bounds: Mapping[str, Any], choices: tuple) -> str:
    if choices:
        return ', '.join(map(str, choices))
    if {'ge', 'le'} <= bounds.keys():
        return f'{bounds["ge"]:g} to {bounds["le"]:g}'
    signs = {'ge': '≥', 'gt': '>', 'le': '≤', 'lt': '<'}
    return ' and '.join(f'{signs[bound]} {limit:g}' for bound, limit in bounds.items())


def _bare(annotation: Any) -> Any:
    return _bare(get_args(annotation)[0]) if get_origin(annotation) is Annotated else annotation


def _ros_type(name: str, kind: Any) -> str:
    if kind in _SCALARS:
        return _SCALARS[kind]
    if kind is np.ndarray:
        return 'double_array'
    origin, arguments = get_origin(kind), [_bare(item) for item in get_args(kind)]
    if origin is Literal and all(isinstance(item, str) for item in arguments):
        return 'string'
    if origin in (list, tuple):
        items = {_ros_type(name, item) for item in arguments if item is not Ellipsis}
        if len(items) == 1 and not next(iter(items)).endswith('_array'):
            return f'{items.pop()}_array'
    if origin in (Union, types.UnionType):
        raise TypeError(f'parameter {name}: ROS has no type for a choice of types, {kind}')
    raise TypeError(f'parameter {name}: ROS has no type for {kind}')


def _checked(entry: ParameterDeclaration, value: Any) -> Any:
    """The value as plain Python; ParameterError when ROS gave it another type."""
    if isinstance(value, array | tuple):
        value = list(value)
    scalar = entry.type.removesuffix('_array')
    wants_list = entry.type.endswith('_array')
    items = value if wants_list and isinstance(value, list) else [value]
    fits = {
        'bool': lambda item: isinstance(item, bool),
        'integer': lambda item: isinstance(item, int) and not isinstance(item, bool),
        'double': lambda item: isinstance(item, int | float) and not isinstance(item, bool),
        'string': lambda item: isinstance(item, str),
    }[scalar]
    if wants_list != isinstance(value, list) or not all(map(fits, items)):
        allowed = f'; allowed: {entry.allowed}' if entry.allowed else ''
        raise ParameterError(
            f'parameter {entry.name}: must be of type {entry.type} (got {value!r}){allowed}')
    if scalar == 'double':
        return [float(item) for item in items] if wants_list else float(value)
    return value


def _flatten(model: StrictModel, prefix: str = '') -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key in type(model).model_fields:
        value = getattr(model, key)
        if isinstance(value, StrictModel):
            flat.update(_flatten(value, f'{prefix}{key}.'))
        else:
            flat[prefix + key] = _plain(value)
    return flat


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    return list(value) if isinstance(value, list | tuple) else value


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in flat.items():
        *groups, key = name.split('.')
        branch = tree
        for group in groups:
            branch = branch.setdefault(group, {})
        branch[key] = value
    return tree


def _yaml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f'[{", ".join(map(_yaml, value))}]'
    return repr(value) if isinstance(value, str) else f'{value}'
