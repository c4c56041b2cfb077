"""Names, parameters and remappings of nodes, which say what they got and end."""
from pathlib import Path
from typing import List  # noqa: UP035 (the genuine launch takes no other)

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, GroupAction
from launch.substitutions import (
    LaunchConfiguration,
    PathJoinSubstitution,
    TextSubstitution,
    ThisLaunchFileDir,
)
from launch_ros.actions import (
    Node,
    PushRosNamespace,
    SetParameter,
    SetParametersFromFile,
    SetRemap,
)
from launch_ros.descriptions import Parameter
from launch_ros.parameter_descriptions import ParameterFile, ParameterValue
from launch_ros.substitutions import FindPackageShare

FILES = Path(__file__).parent


def probe(exec_name, **options):
    return Node(
        package='probe_package', executable='probe', exec_name=exec_name, output='screen',
        **options)


def generate_launch_description():
    number = LaunchConfiguration('number')
    parameters_file = PathJoinSubstitution([ThisLaunchFileDir(), 'parameters.yaml'])
    return LaunchDescription([
        DeclareLaunchArgument('number', default_value='3'),
        probe('bare'),
        probe('named', name='named'),
        probe('placed', name='placed', namespace='here', parameters=[{'a': 1}]),
        probe('values', parameters=[{
            'bool': True, 'int': 4, 'float': 2.5, 'str': 'text', 'number_text': '12',
            'list': [1, 2], 'mixed': [1, 2.5], 'texts': ['a', 'b'],
            'outer': {'inner': {'leaf': 'deep'}, 'other': False},
            'subst': number, 'joined': [number, '.5'], 'word': [TextSubstitution(text='w'), number],
            'forced': ParameterValue(number, value_type=str),
            'forced_list': ParameterValue(['[', number, '.0, 5.5]'], value_type=List[float]),  # noqa: UP006
            'list_of_subst': [[number], ['7']],
            'empty': LaunchConfiguration('none', default=''),
            ('key_', number): 'named by substitution',
            'model': ParameterValue(
                TextSubstitution(text='<robot name="x">\n  <link name="a: b"/>\n</robot>'),
                value_type=str),
        }]),
        probe('files', name='files', namespace='/spot', parameters=[
            parameters_file, {'from_file': 'overridden'},
            ParameterFile(FILES / 'substituted.yaml', allow_substs=True),
            Parameter('single', [number, '1'], value_type=int),
        ]),
        probe('file_after', name='files', namespace='/spot', parameters=[
            {'from_file': 'overridden'}, str(FILES / 'parameters.yaml')]),
        GroupAction([
            PushRosNamespace('outer'),
            PushRosNamespace(['in', 'ner']),
            SetParameter('use_sim_time', True),
            SetParameter(name='global', value=[number, '0']),
            SetParameter(name='plain', value='text'),
            SetParametersFromFile(parameters_file),
            SetRemap('chatter', 'remapped_by_group'),
            probe('grouped', name='grouped', parameters=[{'global': 'own'}]),
            probe('absolute', namespace='/absolute'),
            probe('remapped', namespace='below', remappings=[('other', 'by_node')]),
        ]),
        probe('after_group', name='after_group'),
        probe('arguments', arguments=['word', number], ros_arguments=['-p', 'x:=5']),
        probe('share', parameters=[{'share': FindPackageShare('probe_package')}]),
    ])
