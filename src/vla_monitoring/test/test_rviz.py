"""The displays of each robot: classes that genuine RViz has, topics that the launch publishes."""
import json

import pytest
import yaml

from vla_core.profile import RobotProfile
from vla_core.share import find, folders
from vla_monitoring.foxglove_bridge import topics

#: Displays, tools and view controllers of rviz_default_plugins in Jazzy (plugins_description.xml).
DISPLAYS = {
    'AccelStamped', 'Axes', 'Camera', 'CameraInfo', 'DepthCloud', 'Effort', 'FluidPressure', 'Grid',
    'GridCells', 'Illuminance', 'Image', 'InteractiveMarkers', 'LaserScan', 'Map', 'Marker',
    'MarkerArray', 'Odometry', 'Path', 'PointCloud', 'PointCloud2', 'PointStamped', 'Polygon',
    'PolygonArray', 'Pose', 'PoseArray', 'PoseWithCovariance', 'Range', 'RelativeHumidity',
    'RobotModel', 'TF', 'Temperature', 'TwistStamped', 'Wrench'}
TOOLS = {'FocusCamera', 'Interact', 'Measure', 'MoveCamera', 'PublishPoint', 'Select',
         'SetGoal', 'SetInitialPose'}
VIEWS = {'FPS', 'FrameAligned', 'Orbit', 'ThirdPersonFollower', 'TopDownOrtho', 'XYOrbit'}
PANELS = {'Displays', 'Help', 'Selection', 'Time', 'Tool Properties', 'Transformation', 'Views'}

robots = pytest.mark.parametrize('robot', RobotProfile.available())


def published(robot):
    """What the launch publishes for a robot, and the type of each."""
    profile = RobotProfile.load(robot)
    below = [f'{arm.name}/' if len(profile.arms) > 1 else '' for arm in profile.arms]
    names = {topic.lstrip('/'): kind.__name__ for topic, (kind, _) in topics(profile).items()}
    names.update({f'{arm}target_pose': 'PoseStamped' for arm in below})
    names.update({f'{arm}external_wrench': 'WrenchStamped' for arm in below})
    names.update({f'{camera.name}/image_raw': 'Image' for camera in profile.cameras})
    return names


def of_class(name, known, package='rviz_default_plugins'):
    return name.startswith(f'{package}/') and name.split('/', 1)[1] in known


@robots
def test_every_robot_has_displays_that_rviz_has(robot):
    path = find('vla_bringup', 'config/rviz', f'{robot}.rviz')
    manager = yaml.safe_load(path.read_text())['Visualization Manager']
    assert manager['Global Options']['Fixed Frame'] == RobotProfile.load(robot).root_frame
    for display in manager['Displays']:
        assert of_class(display['Class'], DISPLAYS), display['Class']
    for tool in manager['Tools']:
        assert of_class(tool['Class'], TOOLS), tool['Class']
    assert of_class(manager['Views']['Current']['Class'], VIEWS)
    for panel in yaml.safe_load(path.read_text())['Panels']:
        assert of_class(panel['Class'], PANELS, 'rviz_common')


@robots
def test_every_topic_is_published_with_the_type_of_its_display(robot):
    path = find('vla_bringup', 'config/rviz', f'{robot}.rviz')
    wanted = {'Path': 'Path', 'Pose': 'PoseStamped', 'Wrench': 'WrenchStamped', 'Image': 'Image',
              'Camera': 'Image', 'MarkerArray': 'MarkerArray', 'RobotModel': 'String'}
    names, seen = published(robot), set()
    for display in yaml.safe_load(path.read_text())['Visualization Manager']['Displays']:
        topic = display.get('Topic') or display.get('Description Topic')
        if topic:
            kind = display['Class'].split('/')[1]
            assert names.get(topic['Value']) == wanted[kind], topic['Value']
            seen.add(topic['Value'])
    paths = {name for name, kind in names.items() if kind == 'Path'}
    assert paths <= seen and 'visualisation/markers' in seen


def test_the_layout_of_foxglove_shows_what_the_bridge_sends():
    path = find('vla_bringup', 'config/foxglove', 'layout.json')
    layout = json.loads(path.read_text())
    sent = {'/' + topic.lstrip('/') for topic in topics(RobotProfile.load('franka'))}
    assert set(layout['configById']['3D!robot']['topics']) <= sent
    assert {layout['configById'][f'Image!{name}']['imageMode']['imageTopic']
            for name in ('front', 'wrist')} <= sent


def test_every_file_is_of_a_robot():
    files = {path.stem for folder in folders('vla_bringup', 'config/rviz')
             for path in folder.glob('*.rviz')}
    assert files == set(RobotProfile.available())
