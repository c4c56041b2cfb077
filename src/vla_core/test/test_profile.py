"""Profiles: what they give, and one clear line for whatever is wrong in one."""
import copy

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings, strategies as st

from vla_core.profile import GripperProfile, ProfileError, RobotProfile


def load(tmp_path, data) -> RobotProfile:
    path = tmp_path / 'robot.yaml'
    path.write_text(data if isinstance(data, str) else yaml.safe_dump(data))
    return RobotProfile.load(path)


def change(data, path, value):
    for key in path[:-1]:
        data = data[key]
    if value is None:
        del data[path[-1]]
    else:
        data[path[-1]] = value


def test_a_profile_from_a_file_joins_its_arms(tmp_path, profile_data):
    profile = load(tmp_path, profile_data)
    assert profile.joints == ('left_shoulder', 'left_elbow', 'right_shoulder', 'right_elbow')
    assert np.array_equal(profile.home, [0, 0.5, 0, 0.5])
    assert np.array_equal(profile.limits.velocity, [2, 3, 2, 3])
    assert profile.arm('right').limits.jerk.dtype == np.float64
    assert profile.camera('front').width == 640
    assert profile == load(tmp_path, profile_data)
    assert hash(profile) == hash(load(tmp_path, profile_data))
    assert load(tmp_path, profile.model_dump(mode='json')) == profile


def test_limits_cannot_be_changed(pair):
    for array in (pair.limits.velocity, pair.arm('left').limits.velocity, pair.home):
        with pytest.raises(ValueError, match='read-only'):
            array[0] = 100.0
    with pytest.raises(ValueError, match='frozen'):
        pair.rate_hz = 1.0


@pytest.mark.parametrize(('path', 'value', 'expected'), [
    (('rate_hz',), None, 'rate_hz: is missing'),
    (('rate_hz',), 0, 'rate_hz: input should be greater than 0'),
    (('rate_hz',), True, 'rate_hz: must be a number, not true or false'),
    (('rate_hz',), float('nan'), 'rate_hz: input should be a finite number'),
    (('rate_hertz',), 5, "rate_hertz: unknown key; did you mean 'rate_hz'?"),
    (('control_modes',), ['torque'], "control_modes[0]: input should be 'effort', "),
    (('control_modes',), ['effort', 'effort'], "control_modes: mode 'effort' appears twice"),
    (('arms',), [], 'arms: tuple should have at least 1 item'),
    (('arms', 0, 'joints'), ['left_elbow', 'left_elbow'], "arms: joint 'left_elbow' appears twice"),
    (('arms', 1, 'joints'), ['left_shoulder', 'b'], "arms: joint 'left_shoulder' appears twice"),
    (('arms', 1, 'name'), 'left', "arms: name 'left' appears twice"),
    (('arms', 0, 'home'), [0.0], 'arms[0].home: needs 2 numbers, one for each of joints, has 1'),
    (('arms', 0, 'home'), [0.0, 9.0], 'arms[0].home[1]: must lie within the limits of left_elbow'),
    (('arms', 1, 'limits', 'jerk'), [1, 2, 3], 'arms[1].limits.jerk: needs 2 numbers'),
    (('arms', 0, 'limits', 'velocity'), [1, -2], 'arms[0].limits.velocity[1]: must be positive'),
    (('arms', 0, 'limits', 'velocity'), [1, 'x'], 'arms[0].limits.velocity: must be a list of'),
    (('arms', 0, 'limits', 'velocity'), [[1], 2], 'arms[0].limits.velocity: must be a list of'),
    (('arms', 0, 'limits', 'velocity'), [1, float('inf')],
     'arms[0].limits.velocity: must hold finite numbers only'),
    (('arms', 0, 'limits', 'velocity'), None, 'arms[0].limits.velocity: is missing'),
    (('arms', 0, 'limits', 'accelleration'), [1, 1],
     "arms[0].limits.accelleration: unknown key; did you mean 'acceleration'?"),
    (('arms', 0, 'limits', 'position_lower'), [-2, 3],
     'arms[0].limits.position_lower[1]: must be below position_upper for left_elbow'),
    (('arms', 0, 'workspace', 'lower'), [0, 0], 'arms[0].workspace.lower: needs 3 numbers'),
    (('arms', 0, 'workspace', 'lower'), [0, 0, 5], 'must lie below upper on z'),
    (('arms', 0, 'gripper', 'open'), 0.0, 'arms[0].gripper.open: must differ from closed'),
    (('arms', 0, 'gripper', 'joints'), ['left_elbow'], "joint 'left_elbow' appears twice"),
    (('cameras', 0, 'width'), -1, 'cameras[0].width: input should be greater than 0'),
])
def test_a_mistake_is_named_in_one_line(tmp_path, profile_data, path, value, expected):
    change(profile_data, path, value)
    with pytest.raises(ProfileError) as caught:
        load(tmp_path, profile_data)
    message = str(caught.value)
    assert message.startswith(f'{tmp_path / "robot.yaml"}: ')
    assert expected in message
    assert '\n' not in message


@pytest.mark.parametrize(('text', 'expected'), [
    ('', 'must be a mapping'),
    ('- 1', 'must be a mapping'),
    ('a: [1', 'not valid YAML'),
    ('name: a\nname: b', "key 'name' is written twice"),
    ('a: &a [*a]', 'unknown key'),
    ('a: 2020-99-99', 'not valid YAML'),
    ('[' * 3000, 'nested too deeply'),
    ('a: \x00', 'not valid YAML'),
    ('? [1, 2]\n: 3', 'not valid YAML'),
    ('1: 2', 'unknown key'),
])
def test_a_file_that_is_no_profile_is_one_line(tmp_path, text, expected):
    with pytest.raises(ProfileError) as caught:
        load(tmp_path, text)
    assert expected in str(caught.value)
    assert '\n' not in str(caught.value)


def test_bytes_that_are_no_text_and_paths_that_are_no_file(tmp_path):
    (tmp_path / 'x.yaml').write_bytes(b'\xff\xfe\x00name')
    for path, expected in ((tmp_path / 'x.yaml', 'not valid YAML'), (tmp_path, 'cannot be read'),
                           (tmp_path / 'none.yaml', 'No such file')):
        with pytest.raises(ProfileError, match=expected):
            RobotProfile.load(path)


def test_a_name_is_looked_up_in_the_installed_share(tmp_path, profile_data, monkeypatch):
    folder = tmp_path / 'share' / 'vla_bringup' / 'config' / 'robots'
    folder.mkdir(parents=True)
    (folder / 'pair.yaml').write_text(yaml.safe_dump(profile_data))
    urdf = tmp_path / 'share' / 'vla_description' / 'urdf'
    urdf.mkdir(parents=True)
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    profile = RobotProfile.load('pair')
    assert profile.name == 'pair'
    with pytest.raises(ProfileError, match=r"no robot profile 'pear'; did you mean 'pair'\?"):
        RobotProfile.load('pear')
    with pytest.raises(ProfileError, match=r"no file 'pair\.urdf\.xacro'"):
        profile.find_model()
    (urdf / 'pair.urdf.xacro').touch()
    assert profile.find_model() == urdf / 'pair.urdf.xacro'


def test_an_unknown_part_names_those_there_are(pair):
    with pytest.raises(ProfileError, match=r"no arm 'lift'; did you mean 'left'\?"):
        pair.arm('lift')
    with pytest.raises(ProfileError, match="no camera 'wrist'; known: front"):
        pair.camera('wrist')
    with pytest.raises(ProfileError, match="no leader 'left'; known: none"):
        pair.leader('left')


def test_xacro_arguments_may_be_written_as_plain_yaml(tmp_path, profile_data):
    profile_data['model_arguments'] = {'hand': True, 'length': 0.5}
    assert load(tmp_path, profile_data).model_arguments == {'hand': 'true', 'length': '0.5'}


@given(st.floats(0, 1), st.booleans())
def test_gripper_conversions_round_trip(opening, reversed_joint):
    closed, opened = (0.8, 0.0) if reversed_joint else (0.0, 0.04)
    gripper = GripperProfile(joints=['f'], closed=closed, open=opened, max_velocity=1,
                             max_effort=1, width_per_unit=2.0)
    assert gripper.from_joint(gripper.to_joint(opening)) == pytest.approx(opening, abs=1e-12)
    assert gripper.from_width(gripper.to_width(opening)) == pytest.approx(opening, abs=1e-12)
    assert gripper.to_joint(1.7) == pytest.approx(opened)
    assert gripper.to_width(0.0) == 0.0


def places(data, path=()):
    yield path
    items = data.items() if isinstance(data, dict) else (
        enumerate(data) if isinstance(data, list) else ())
    for key, value in items:
        yield from places(value, (*path, key))


junk = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5),
    st.binary(max_size=3),
    st.lists(st.floats() | st.text(max_size=3), max_size=4),
    st.dictionaries(st.text(max_size=5) | st.integers(), st.integers(), max_size=2))


@settings(
    max_examples=100, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_random_damage_gives_one_clear_line_or_a_valid_profile(tmp_path, profile_data, data):
    damaged = copy.deepcopy(profile_data)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from([p for p in places(damaged) if p]))
        change(damaged, path, data.draw(junk))
    try:
        load(tmp_path, damaged)
    except ProfileError as error:
        assert '\n' not in str(error)


@settings(max_examples=80, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_random_damage_to_the_text_is_never_another_error(tmp_path, profile_data, data):
    text = yaml.safe_dump(profile_data)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 40, len(text))))
    patch = data.draw(st.text(max_size=8).filter(lambda s: s.isprintable() or s.isspace()))
    path = tmp_path / 'robot.yaml'
    path.write_bytes((text[:start] + patch + text[end:]).encode('utf-8', 'surrogatepass'))
    try:
        RobotProfile.load(path)
    except ProfileError as error:
        assert '\n' not in str(error)
