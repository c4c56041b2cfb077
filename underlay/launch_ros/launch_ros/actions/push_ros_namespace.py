"""Put nodes below a namespace."""
from typing import Any

from launch import Action, LaunchContext, SomeSubstitutionsType, Substitution
from launch.utilities import normalize_to_list_of_substitutions, perform_substitutions

from ..names import check_namespace, make_namespace_absolute, prefix_namespace

__all__ = ['PushROSNamespace', 'PushRosNamespace']


class PushROSNamespace(Action):
    """Joins a namespace to that of the nodes from here to the end of the group."""

    def __init__(self, namespace: SomeSubstitutionsType, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.__namespace = normalize_to_list_of_substitutions(namespace)

    @property
    def namespace(self) -> list[Substitution]:
        """The namespace."""
        return self.__namespace

    def execute(self, context: LaunchContext) -> None:
        """Join the namespace; raise ValueError for an invalid one."""
        namespace = perform_substitutions(context, self.namespace)
        before = context.launch_configurations.get('ros_namespace')
        joined = make_namespace_absolute(prefix_namespace(before, namespace))
        check_namespace(joined)
        context.launch_configurations['ros_namespace'] = joined


PushRosNamespace = PushROSNamespace
