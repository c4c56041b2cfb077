"""Small steps that every action takes, under the names launch files import."""
from .ensure_argument_type import ensure_argument_type
from .normalize_to_list_of_entities import normalize_to_list_of_entities
from .normalize_to_list_of_substitutions import normalize_to_list_of_substitutions
from .perform_substitutions import perform_substitutions
from .typed_value import TypedValue, coerce, is_substitution_like
from .visit_all_entities_and_collect_futures import visit_all_entities_and_collect_futures

__all__ = [
    'TypedValue',
    'coerce',
    'ensure_argument_type',
    'is_substitution_like',
    'normalize_to_list_of_entities',
    'normalize_to_list_of_substitutions',
    'perform_substitutions',
    'visit_all_entities_and_collect_futures',
]

from ..unsupported import refuse_names

__getattr__ = refuse_names(
    __name__, ['AsyncSafeSignalManager', 'is_a', 'is_a_subclass', 'isclassinstance', 'type_utils'])
