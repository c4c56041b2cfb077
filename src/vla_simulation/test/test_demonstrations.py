"""Demonstrations: a data set as LeRobot reads it, resumed where it stopped."""
import mujoco
import numpy as np
import pytest

from vla_core.policy_contract import PolicyContract
from vla_datasets import DatasetReader
from vla_simulation import demonstrations
from vla_simulation.corrections import Corrections
from vla_simulation.demonstrations import Demonstrations, main, record
from vla_simulation.expert_policy import HoldPolicy
from vla_simulation.scene import SceneError
from vla_simulation.world import World


class Taught:
    """A policy with a contract of its own."""

    def __init__(self, contract):
        self.contract = contract.model_copy(update={'name': 'of its own'})

    def infer(self, observation, **_):
        raise AssertionError('nobody asks it')


PLAN = Demonstrations('tabletop', 'franka', ('pick',), 2, seed=50)


@pytest.fixture(scope='module')
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp('demonstrations')
    seen = []
    assert record(PLAN, folder / 'set', on_episode=seen.append) == 2
    assert seen == [True, True]
    return folder


def test_the_data_set_holds_images_state_action_language_and_time(recorded):
    reader = DatasetReader(recorded / 'set')
    metadata = reader.metadata
    assert metadata.fps == 10 and metadata.robot_type == 'franka'
    assert set(metadata.video_features) == {
        'observation.images.front', 'observation.images.wrist'}
    assert metadata.features['observation.state'].shape == (17,)
    assert metadata.features['action'].names[-1] == 'arm.gripper'
    episode = metadata.episodes[0]
    assert episode.length > 20 and len(episode.tasks) == 1
    assert episode.fields['family'] == 'pick' and episode.fields['seed'] == 50
    assert not (recorded / 'set.parts').exists()


def test_an_interrupted_recording_goes_on_to_the_same_episodes(recorded, tmp_path, monkeypatch):
    original = demonstrations.Episode.run
    calls = []

    def interrupted(self, scene):
        calls.append(scene.seed)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(self, scene)

    monkeypatch.setattr(demonstrations.Episode, 'run', interrupted)
    with pytest.raises(KeyboardInterrupt):
        record(PLAN, tmp_path / 'set')
    with pytest.raises(SceneError, match='other demonstrations were begun'):
        record(Demonstrations('tabletop', 'franka', ('stack',), 2, seed=50), tmp_path / 'set')
    assert record(PLAN, tmp_path / 'set') == 2
    assert calls == [50, 51, 51]
    ours, theirs = (DatasetReader(folder / 'set').metadata.episodes
                    for folder in (tmp_path, recorded))
    assert [one.length for one in ours] == [one.length for one in theirs]
    for one, other in zip(ours, theirs):
        assert np.array_equal(one.statistics['action']['mean'], other.statistics['action']['mean'])


def test_a_folder_with_content_is_refused(recorded, capsys):
    assert main(['--episodes', '1', '--families', 'pick', '--out', str(recorded / 'set')]) == 2
    assert 'not empty' in capsys.readouterr().err


def test_of_a_learner_s_states_the_expert_s_chunks_are_kept(tmp_path):
    plan = Demonstrations('tabletop', 'franka', ('pick',), 1, seed=50, learner='hold')
    assert record(plan, tmp_path / 'held') == 1
    held = DatasetReader(tmp_path / 'held')
    episode = held.metadata.episodes[0]
    # Who only holds fails, and stays where the expert would always do the same.
    assert episode.fields['outcome'] == 'failure' and episode.length >= 20
    chunks = held.column('expert.chunk')
    assert chunks.shape[0] == episode.length and np.ptp(chunks[:, -1, :3], axis=0).max() < 0.01
    assert np.linalg.norm(chunks[0, -1, :3] - held.column('action')[0, :3]) > 0.05
    assert np.allclose(chunks[:, 0], held.column('action'))


def test_the_expert_takes_its_share_of_a_learner_s_episode(tmp_path):
    plan = Demonstrations('tabletop', 'franka', ('pick',), 1, seed=50, learner='hold',
                          expert_share=0.9)
    assert record(plan, tmp_path / 'helped') == 1
    assert DatasetReader(tmp_path / 'helped').metadata.episodes[0].fields['outcome'] == 'success'


def test_an_expert_that_noise_leads_astray_tells_the_way_back_by_any_contract(tmp_path):
    plan = Demonstrations('tabletop', 'franka', ('pick',), 1, seed=50, learner='expert',
                          contract='mini_franka', noise_m=0.003)
    assert record(plan, tmp_path / 'disturbed') == 1
    disturbed = DatasetReader(tmp_path / 'disturbed')
    contract = PolicyContract.load('mini_franka')
    assert disturbed.column('expert.chunk').shape[1:] == (
        contract.action.horizon, contract.action.space.dimension)
    assert disturbed.metadata.episodes[0].fields['outcome'] == 'success'


def test_nothing_is_told_once_the_target_is_out_of_reach():
    world = World('tabletop')
    contract = world.suite.contract(world.profile)
    told = []
    corrections = Corrections(
        world, contract, HoldPolicy(world, contract), 0.0, lambda *_: told.append(1))
    try:
        scene = world.draw('pick', 50)
        corrections.run(scene)
        assert told
        del told[:]
        reset = world.reset

        def drop(scene):
            reset(scene)
            joint = world.model.joint(world.model.body(scene.target).jntadr[0])
            world.data.qpos[joint.qposadr[0]] += 3.0
            mujoco.mj_forward(world.model, world.data)

        world.reset = drop
        corrections.run(scene)
        assert not told
    finally:
        corrections.close()


@pytest.mark.parametrize('arguments, named', [
    (['--learner', 'hold', '--states', '3'], 'states'),
    (['--learner', f'{__name__}:Taught', '--contract', 'mini_franka'], 'leave out contract'),
    (['--learner', 'hold', '--expert-share', '1.5'], 'expert_share'),
    (['--learner', 'nobody'], 'nobody'),
])
def test_a_learner_that_cannot_be_taught_is_refused(tmp_path, capsys, arguments, named):
    assert main(['--episodes', '1', *arguments, '--out', str(tmp_path / 'set')]) == 2
    error = capsys.readouterr().err
    assert named in error.splitlines()[-1] and 'Traceback' not in error
