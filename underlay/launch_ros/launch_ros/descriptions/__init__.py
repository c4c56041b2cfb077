"""What nodes are given, described."""
from launch.unsupported import refuse_names

from ..parameter_descriptions import Parameter, ParameterFile, ParameterValue

__all__ = ['Parameter', 'ParameterFile', 'ParameterValue']

__getattr__ = refuse_names(__name__, ['ComposableLifecycleNode', 'ComposableNode'])
