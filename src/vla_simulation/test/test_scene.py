"""Scenes: the same from the same seed, one axis changes one thing, damaged ones are refused."""
import pytest

from vla_core.profile import RobotProfile
from vla_simulation import suites
from vla_simulation.scene import Scene, SceneError
from vla_simulation.suites.tabletop.suite import UNSEEN_COMBINATIONS

FRANKA, ALOHA = RobotProfile.load('franka'), RobotProfile.load('aloha')
TABLETOP = suites.load('tabletop')
FAMILIES = tuple(TABLETOP.families)


def _pairs(scene):
    return {(place.colour, TABLETOP.movables[place.body].shape) for place in scene.placements
            if place.body in TABLETOP.movables}


@pytest.mark.parametrize('family', FAMILIES)
def test_a_seed_is_always_the_same_scene(family):
    first = TABLETOP.draw(family, 7, (), FRANKA)
    assert first == TABLETOP.draw(family, 7, (), FRANKA)
    assert first != TABLETOP.draw(family, 8, (), FRANKA)


def test_scenes_cover_colours_and_shapes_but_not_the_unseen_pairs():
    pairs = set().union(*(_pairs(TABLETOP.draw(family, seed, (), FRANKA))
                          for family in FAMILIES for seed in range(40)))
    assert len({colour for colour, _ in pairs}) >= 6
    assert len({shape for _, shape in pairs}) >= 4
    assert not pairs & set(UNSEEN_COMBINATIONS)


@pytest.mark.parametrize('family', FAMILIES)
def test_each_axis_changes_its_own_thing_only(family):
    plain = TABLETOP.draw(family, 3, (), FRANKA)

    def drawn(axis):
        return TABLETOP.draw(family, 3, (axis,), FRANKA)

    clutter = drawn('clutter')
    assert set(plain.placements) < set(clutter.placements)
    assert clutter.instruction == plain.instruction
    absent = drawn('absent_target')
    assert not absent.target
    assert set(plain.placements) - set(absent.placements) == {plain.placement(plain.target)}
    background = drawn('background')
    assert background.placements == plain.placements
    assert background.appearance.table != plain.appearance.table
    assert background.appearance.cameras == plain.appearance.cameras
    shifted = drawn('camera_shift')
    assert shifted.placements == plain.placements
    assert shifted.appearance.table == plain.appearance.table
    assert shifted.appearance.cameras != plain.appearance.cameras
    unseen = drawn('unseen_combination')
    place = unseen.placement(unseen.target)
    assert (place.colour, TABLETOP.movables[place.body].shape) in UNSEEN_COMBINATIONS
    paraphrase = drawn('paraphrase')
    assert paraphrase.placements == plain.placements
    assert paraphrase.instruction != plain.instruction


@pytest.mark.parametrize('family', ['transfer', 'insert'])
def test_bimanual_scenes_always_find_room(family):
    suite = suites.load('bimanual')
    for seed in range(60):
        scene = suite.draw(family, seed, (), ALOHA)
        assert scene.target and (scene.goal or family == 'transfer')


def test_a_scene_is_written_and_read_back_equal(tmp_path):
    scene = TABLETOP.draw('stack', 5, ('clutter',), FRANKA)
    scene.save(tmp_path / 'scene.yaml')
    assert Scene.load(tmp_path / 'scene.yaml') == scene


@pytest.mark.parametrize('damage, message', [
    ('family: nonsense: [', 'is not valid YAML'),
    ('suite: tabletop', 'is missing'),
    ('[1, 2]', 'must be a mapping'),
])
def test_a_damaged_scene_file_is_refused_in_one_line(tmp_path, damage, message):
    (tmp_path / 'scene.yaml').write_text(damage)
    with pytest.raises(SceneError, match=message) as caught:
        Scene.load(tmp_path / 'scene.yaml')
    assert '\n' not in str(caught.value)


def test_a_scene_file_with_an_unknown_key_names_it(tmp_path):
    text = TABLETOP.draw('pick', 0, (), FRANKA)
    text.save(tmp_path / 'scene.yaml')
    with (tmp_path / 'scene.yaml').open('a') as file:
        file.write('gravity: 0\n')
    with pytest.raises(SceneError, match='gravity: unknown key'):
        Scene.load(tmp_path / 'scene.yaml')


@pytest.mark.parametrize('arguments, message', [
    (('juggle', 0, ()), "no task 'juggle'"),
    (('pick', 0, ('fog',)), "no axis 'fog'"),
    (('pick', -1, ()), 'must not be negative'),
])
def test_what_cannot_be_drawn_is_named(arguments, message):
    with pytest.raises(SceneError, match=message):
        TABLETOP.draw(*arguments, FRANKA)


def test_an_unknown_suite_names_those_there_are():
    with pytest.raises(SceneError, match='bimanual, tabletop'):
        suites.load('kitchen')
