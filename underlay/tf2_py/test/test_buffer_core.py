"""Look-ups over trees, times and faults."""
import numpy as np
import pytest
import yaml
from geometry_msgs.msg import TransformStamped
from rclpy.duration import Duration
from rclpy.time import Time
from scipy.spatial.transform import Rotation, Slerp
from tf2_py import (
    BufferCore,
    ConnectivityException,
    ExtrapolationException,
    InvalidArgumentException,
    LookupException,
    TransformException,
)


def link(parent, child, time=0.0, translation=(0.0, 0.0, 0.0), rotation=(0.0, 0.0, 0.0, 1.0)):
    message = TransformStamped(child_frame_id=child)
    message.header.frame_id = parent
    message.header.stamp = Time(seconds=time).to_msg()
    t, r = message.transform.translation, message.transform.rotation
    t.x, t.y, t.z = map(float, translation)
    r.x, r.y, r.z, r.w = map(float, rotation)
    return message


def matrix(message):
    t, r = message.transform.translation, message.transform.rotation
    result = np.eye(4)
    result[:3, :3] = Rotation.from_quat([r.x, r.y, r.z, r.w]).as_matrix()
    result[:3, 3] = t.x, t.y, t.z
    return result


def seconds(stamp):
    return stamp.sec + stamp.nanosec / 1e9


@pytest.fixture
def core():
    return BufferCore()


@pytest.fixture
def line(core):
    """A frame that moves from x = 0 at 1 s to x = 2 at 3 s and turns half round z."""
    core.set_transform(link('world', 'base', 1.0), 'test')
    core.set_transform(link('world', 'base', 3.0, (2, 0, 0), (0, 0, 1, 0)), 'test')
    return core


def test_between_two_times_the_frame_is_interpolated(line):
    found = line.lookup_transform_core('world', 'base', Time(seconds=1.5))
    assert (found.header.frame_id, found.child_frame_id) == ('world', 'base')
    assert seconds(found.header.stamp) == 1.5
    expected = Slerp([1, 3], Rotation.from_quat([[0, 0, 0, 1], [0, 0, 1, 0]]))(1.5)
    np.testing.assert_allclose(matrix(found)[:3, :3], expected.as_matrix(), atol=1e-12)
    assert found.transform.translation.x == pytest.approx(0.5)


def test_the_way_back_is_the_inverse(line):
    time = Time(seconds=2.2)
    there = matrix(line.lookup_transform_core('world', 'base', time))
    back = matrix(line.lookup_transform_core('base', 'world', time))
    np.testing.assert_allclose(there @ back, np.eye(4), atol=1e-12)


def test_a_deep_tree_multiplies_its_links(core):
    generator = np.random.default_rng(1)
    expected = {'root': np.eye(4)}
    for branch in 'ab':
        parent = 'root'
        for depth in range(6):
            child = f'{branch}{depth}'
            message = link(parent, child, 5.0, generator.normal(size=3),
                           Rotation.random(random_state=int(generator.integers(99))).as_quat())
            core.set_transform(message, 'test')
            expected[child] = expected[parent] @ matrix(message)
            parent = child
    for target in expected:
        for source in expected:
            found = matrix(core.lookup_transform_core(target, source, Time(seconds=5.0)))
            np.testing.assert_allclose(
                found, np.linalg.inv(expected[target]) @ expected[source], atol=1e-12)


def test_time_zero_is_the_newest_time_all_links_have(line):
    line.set_transform(link('base', 'tool', 1.5), 'test')
    line.set_transform(link('base', 'tool', 2.5, (0, 0, 1)), 'test')
    assert line.get_latest_common_time('world', 'tool') == Time(seconds=2.5)
    found = line.lookup_transform_core('world', 'tool', Time())
    assert seconds(found.header.stamp) == 2.5
    assert found.transform.translation.x == pytest.approx(1.5)
    assert found.transform.translation.z == 1.0


def test_static_links_hold_at_every_time(line):
    line.set_transform_static(link('base', 'camera', 0.0, (0, 0, 0.5)), 'test')
    assert line.get_latest_common_time('world', 'camera') == Time(seconds=3.0)
    found = line.lookup_transform_core('world', 'camera', Time(seconds=1.0))
    assert found.transform.translation.z == 0.5


def test_two_static_branches_meet_at_time_zero(core):
    core.set_transform_static(link('base', 'left', 0.0, (0, 1, 0)), 'test')
    core.set_transform_static(link('base', 'right', 0.0, (0, -1, 0)), 'test')
    found = core.lookup_transform_core('left', 'right', Time())
    assert found.transform.translation.y == -2.0
    assert seconds(found.header.stamp) == 0.0


def test_moving_frame_becomes_static_and_back(core):
    core.set_transform(link('world', 'base', 1.0), 'test')
    core.set_transform_static(link('world', 'base', 0.0, (1, 0, 0)), 'test')
    assert core.lookup_transform_core(
        'world', 'base', Time(seconds=99)).transform.translation.x == 1.0
    core.set_transform(link('world', 'base', 2.0, (3, 0, 0)), 'test')
    assert core.lookup_transform_core('world', 'base', Time()).transform.translation.x == 3.0


def test_new_parent_takes_over_without_interpolation(core):
    core.set_transform(link('table', 'cup', 1.0, (1, 0, 0)), 'test')
    core.set_transform(link('hand', 'cup', 2.0, (5, 0, 0)), 'test')
    core.set_transform_static(link('world', 'table'), 'test')
    core.set_transform_static(link('world', 'hand'), 'test')
    assert core.lookup_transform_core(
        'world', 'cup', Time(seconds=1.9)).transform.translation.x == 1.0
    assert core.lookup_transform_core('world', 'cup', Time()).transform.translation.x == 5.0


def test_look_up_between_times_goes_over_the_fixed_frame(line):
    found = line.lookup_transform_full_core(
        'base', Time(seconds=3.0), 'base', Time(seconds=1.0), 'world')
    # The base of 1 s stood 2 m behind the base of 3 s, which has turned half round.
    assert found.transform.translation.x == pytest.approx(2.0)
    assert abs(found.transform.rotation.z) == pytest.approx(1.0)
    assert line.can_transform_full_core(
        'base', Time(seconds=3.0), 'base', Time(seconds=1.0), 'world') == (True, '')
    assert not line.can_transform_full_core(
        'base', Time(seconds=3.0), 'base', Time(seconds=0.5), 'world')[0]


def test_late_messages_are_sorted_in(core):
    for time in (1.0, 3.0, 2.0):
        core.set_transform(link('world', 'base', time, (time, 0, 0)), 'test')
    for time in (1.5, 2.0, 2.5):
        found = core.lookup_transform_core('world', 'base', Time(seconds=time))
        assert found.transform.translation.x == pytest.approx(time)


def test_transforms_older_than_the_cache_time_are_dropped():
    core = BufferCore(Duration(seconds=2))
    for time in (1.0, 2.0, 3.0, 4.0):
        core.set_transform(link('world', 'base', time), 'test')
    core.set_transform(link('world', 'base', 1.5), 'test')
    with pytest.raises(ExtrapolationException, match=r'into the past.*oldest.*2\.000000'):
        core.lookup_transform_core('world', 'base', Time(seconds=1.9))


def test_the_future_is_refused_with_both_times_and_both_frames(line):
    with pytest.raises(
            ExtrapolationException,
            match=r"extrapolation into the future.*3\.500000.*3\.000000.*'base' in frame 'world'"):
        line.lookup_transform_core('world', 'base', Time(seconds=3.5))
    fits, reason = line.can_transform_core('world', 'base', Time(seconds=3.5))
    assert not fits and 'into the future' in reason


def test_one_transform_alone_holds_at_its_own_time_only(core):
    core.set_transform(link('world', 'base', 1.0), 'test')
    assert core.can_transform_core('world', 'base', Time(seconds=1.0)) == (True, '')
    with pytest.raises(ExtrapolationException, match='only transform'):
        core.lookup_transform_core('world', 'base', Time(seconds=1.1))


def test_unknown_empty_and_slashed_names_are_refused_by_name(line):
    with pytest.raises(LookupException, match='source_frame "tool" does not exist'):
        line.lookup_transform_core('world', 'tool', Time())
    with pytest.raises(InvalidArgumentException, match='target_frame is empty'):
        line.lookup_transform_core('', 'base', Time())
    with pytest.raises(InvalidArgumentException, match="'/world' starts with a slash"):
        line.lookup_transform_core('/world', 'base', Time())


def test_two_trees_are_told_apart(line):
    line.set_transform(link('map', 'marker', 2.0), 'test')
    for time in (Time(), Time(seconds=2.0)):
        with pytest.raises(ConnectivityException, match="'world' and 'marker'"):
            line.lookup_transform_core('world', 'marker', time)


def test_a_loop_is_found(core):
    core.set_transform(link('a', 'b', 1.0), 'test')
    core.set_transform(link('b', 'a', 1.0), 'test')
    core.set_transform(link('c', 'd', 1.0), 'test')
    for target, source in (('c', 'a'), ('a', 'd')):
        for time in (Time(), Time(seconds=1.0)):
            with pytest.raises(TransformException, match=r'loop|connection'):
                core.lookup_transform_core(target, source, time)


@pytest.mark.parametrize('message', [
    link('world', 'base', 4.0, (float('nan'), 0, 0)),
    link('world', 'base', 4.0, rotation=(0, 0, 0, 0)),
    link('world', 'base', 4.0, rotation=(0, 0, 0, 1.1)),
    link('base', 'base', 4.0),
    link('', 'base', 4.0),
    link('world', '', 4.0),
])
def test_malformed_transforms_are_left_out(line, message):
    line.set_transform(message, 'test')
    assert line.get_latest_common_time('world', 'base') == Time(seconds=3.0)


def test_leading_slashes_are_stripped_from_what_comes_in(core):
    core.set_transform(link('/world', '/base', 1.0), 'test')
    assert core.can_transform_core('world', 'base', Time())[0]


def test_clear_forgets_what_moves_and_keeps_what_is_static(line):
    line.set_transform_static(link('base', 'camera'), 'test')
    line.clear()
    assert not line.can_transform_core('world', 'base', Time())[0]
    assert line.can_transform_core('base', 'camera', Time())[0]


def test_frames_are_told_as_yaml(line):
    assert BufferCore().all_frames_as_yaml() == '[]'
    line.set_transform_static(link('base', 'camera'), 'someone')
    frames = yaml.safe_load(line.all_frames_as_yaml())
    assert frames['base'] == {
        'parent': 'world', 'broadcaster': 'test', 'rate': 0.5, 'most_recent_transform': 3.0,
        'oldest_transform': 1.0, 'buffer_length': 2.0}
    assert frames['camera']['broadcaster'] == 'someone'
    assert 'Frame camera exists with parent base.' in line.all_frames_as_string()


def test_a_frame_in_itself_is_identity_at_its_newest_time(line):
    found = line.lookup_transform_core('base', 'base', Time())
    assert seconds(found.header.stamp) == 3.0
    np.testing.assert_array_equal(matrix(found), np.eye(4))


def test_times_may_be_messages_and_nothing_else(line):
    message = Time(seconds=2.0).to_msg()
    assert seconds(line.lookup_transform_core('world', 'base', message).header.stamp) == 2.0
    with pytest.raises(TypeError, match='got float'):
        line.lookup_transform_core('world', 'base', 2.0)
