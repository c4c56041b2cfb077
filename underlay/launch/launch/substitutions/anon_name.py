"""A name made unique."""
import os
import random
import socket

from ..launch_context import LaunchContext
from ..some_substitutions_type import SomeSubstitutionsType
from ..substitution import Substitution
from ..utilities import normalize_to_list_of_substitutions, perform_substitutions

__all__ = ['AnonName']


class AnonName(Substitution):
    """A name made unique by host, process and a number; the same name gives the same result."""

    def __init__(self, name: SomeSubstitutionsType) -> None:
        self.__name = normalize_to_list_of_substitutions(name)

    @property
    def name(self) -> list[Substitution]:
        """The name to be made unique."""
        return self.__name

    def perform(self, context: LaunchContext) -> str:
        """Return the unique name, valid as a node name."""
        name = perform_substitutions(context, self.name)
        key = f'anon_{name}'
        if key not in context.launch_configurations:
            unique = f'{name}_{socket.gethostname()}_{os.getpid()}_{random.getrandbits(32)}'
            context.launch_configurations[key] = unique.replace('.', '_').replace('-', '_')
        return context.launch_configurations[key]
