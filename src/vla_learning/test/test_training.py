"""Training learns, goes on after a kill to the same weights, and names what is wrong with data."""
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from safetensors.torch import load_file

from vla_core import share
from vla_core.observation import Observation
from vla_core.policy_contract import PolicyContract
from vla_datasets import DatasetWriter
from vla_learning.configuration import TrainingConfiguration, TrainingError
from vla_learning.frames import FrameStore
from vla_learning.train import main, train
from vla_policies.mini.configuration import MiniConfiguration, ModelConfiguration
from vla_policies.registry import load_policy

CONTRACT = PolicyContract.load('mini_franka')
SIZES = ModelConfiguration(
    width=32, layers=1, heads=2, channels=(8, 16), key_points=6, words=3, readouts=2,
    flow_width=32, token_width=32, head_layers=1, bins=32)
WORDS = {'go left': -0.1, 'go right': 0.1}
STATE = np.array([0.4, 0.0, 0.2, 1, 0, 0, 0, -1, 0, 1], np.float32)


RUN = """
import sys
sys.path[:] = sys.argv.pop().split(':')
from vla_learning import train
train.SAVE_S = 0.0
raise SystemExit(train.main(sys.argv[1:]))
"""


def goal(instruction: str) -> np.ndarray:
    """The action that the words ask for, whatever is seen."""
    action = STATE.copy()
    action[1] = WORDS[instruction]
    return action


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """Eight short episodes in which the arm goes where it is told."""
    folder = tmp_path_factory.mktemp('data') / 'set'
    random = np.random.default_rng(0)
    features = {
        entry.key: {'dtype': 'video', 'names': ['height', 'width', 'channels'], 'shape': (
            entry.processing.height, entry.processing.width, 3)} for entry in CONTRACT.images}
    features['observation.state'] = {'dtype': 'float32', 'shape': (10,), 'names': None}
    features['action'] = {'dtype': 'float32', 'shape': (10,), 'names': None}
    with DatasetWriter.create(folder, fps=10, features=features) as writer:
        for episode in range(8):
            instruction = list(WORDS)[episode % 2]
            for _ in range(6):
                state = STATE + random.normal(0, 0.02, 10).astype(np.float32)
                writer.add_frame({
                    **{entry.key: random.integers(0, 255, features[entry.key]['shape'], np.uint8)
                       for entry in CONTRACT.images},
                    'observation.state': state, 'action': goal(instruction)}, task=instruction)
            writer.save_episode()
    return folder


def configuration(data: Path, **changes) -> TrainingConfiguration:
    head = changes.pop('head', 'l1')
    return TrainingConfiguration(**{
        'policy': MiniConfiguration(name='told', head=head, model=SIZES),
        'contract': 'mini_franka', 'data': (str(data),), 'samples': 1600, 'batch': 16,
        'learning_rate': 3e-3, 'average': 0.9, 'precision': 'float32', 'frame_stride': 1,
        **changes})


def told(policy, instruction: str) -> float:
    image = np.full((96, 144, 3), 127, np.uint8)
    chunk = policy.infer(Observation(
        stamp_ns=0, images={entry.key: image for entry in CONTRACT.images}, state=STATE,
        state_names=CONTRACT.state.labels, instruction=instruction),
        rng=np.random.default_rng(0))
    return float(chunk.data[:, 1].mean())


@pytest.mark.parametrize('head', ['l1', 'flow', 'tokens'])
def test_it_learns_to_go_where_it_is_told(data, tmp_path, head):
    samples = {'l1': 1600, 'flow': 6400, 'tokens': 3200}[head]
    folder = train(configuration(data, head=head, samples=samples), tmp_path / head, threads=1)
    policy = load_policy(folder)
    assert told(policy, 'go left') < -0.05 < 0.05 < told(policy, 'go right')
    card = (folder / 'model_card.md').read_text()
    assert f'samples seen: {samples}' in card and 'commit:' in card


def test_a_run_that_was_ended_goes_on_to_the_same_weights(data, tmp_path):
    plan = configuration(data, samples=160)
    whole = train(plan, tmp_path / 'whole', threads=1)
    train(plan, tmp_path / 'parts', threads=1, stop_after_s=0)
    parts = train(plan, tmp_path / 'parts', threads=1)
    first, second = (load_file(folder / 'model.safetensors') for folder in (whole, parts))
    assert all(np.allclose(first[name].float(), second[name].float(), atol=1e-3) for name in first)


def test_a_killed_run_can_be_run_again(data, tmp_path):
    plan = tmp_path / 'plan.yaml'
    plan.write_text(yaml.safe_dump(configuration(data, samples=640).model_dump(mode='json')))
    command = [sys.executable, '-c', RUN,
               '--config', str(plan), '--out', str(tmp_path / 'policy'), '--threads', '1',
               ':'.join(sys.path)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    state = tmp_path / 'policy.run' / 'state.pt'
    end = time.monotonic() + 90
    while not state.exists() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert state.exists()
    assert main(['--config', str(plan), '--out', str(tmp_path / 'policy'), '--threads', '1']) == 0
    assert load_policy(tmp_path / 'policy').name == 'told'


def test_the_head_alone_is_trained_on_another_policys_backbone(data, tmp_path):
    first = train(configuration(data, samples=320), tmp_path / 'first', threads=1)
    second = train(configuration(
        data, head='flow', samples=320, initial=str(first), freeze_backbone=True),
        tmp_path / 'second', threads=1)
    before, after = (load_file(folder / 'model.safetensors') for folder in (first, second))
    assert all(np.array_equal(before[name], after[name]) for name in before
               if name.startswith('backbone.'))
    assert any(name.startswith('heads.flow.') for name in after)


def test_a_policy_of_another_contract_gives_what_fits_and_no_statistics(data, tmp_path):
    first = train(configuration(data, samples=160), tmp_path / 'first', threads=1)
    action = CONTRACT.action.model_copy(update={'horizon': 8, 'replan_steps': 4})
    CONTRACT.model_copy(update={'action': action}).save(tmp_path / 'shorter.yaml')
    second = load_policy(train(configuration(
        data, samples=16, contract=str(tmp_path / 'shorter.yaml'), initial=str(first),
        learning_rate=1e-9, weight_decay=0.0), tmp_path / 'second', threads=1))
    assert second.processor.action.offset.shape == (8, 10)
    before, after = (load_file(folder / 'model.safetensors')
                     for folder in (first, tmp_path / 'second'))
    assert np.allclose(before['backbone.words.weight'], after['backbone.words.weight'], atol=1e-3)


def test_data_that_do_not_fit_the_contract_are_named(data, tmp_path):
    taller = CONTRACT.model_copy(update={'rate_hz': 20.0})
    with pytest.raises(TrainingError, match=r'recorded at 10 Hz.*wants 20 Hz'):
        FrameStore.open([data], taller, 1, tmp_path)
    image = CONTRACT.images[0].model_copy(update={'key': 'observation.images.side'})
    other = CONTRACT.model_copy(update={'images': (image,)})
    with pytest.raises(TrainingError, match=r"no feature 'observation.images.side'"):
        FrameStore.open([data], other, 1, tmp_path)
    unfinished = tmp_path / 'unfinished'
    with DatasetWriter.create(unfinished, fps=10, features={
            'observation.state': {'dtype': 'float32', 'shape': (10,), 'names': None}}):
        pass
    with pytest.raises(TrainingError, match=r'unfinished: has no episodes; is it still being'):
        FrameStore.open([unfinished], CONTRACT, 1, tmp_path)


def test_what_a_person_got_wrong_is_one_line(data, tmp_path, capsys):
    assert main(['--config', 'tabeltop', '--out', str(tmp_path / 'out')]) == 2
    assert "did you mean 'tabletop'" in capsys.readouterr().err
    assert main(['--config', 'tabletop', '--data', str(tmp_path), '--out',
                 str(tmp_path / 'out')]) == 2
    assert 'info.json' in capsys.readouterr().err


def test_a_policy_is_started_from_by_folder_or_name():
    configuration = TrainingConfiguration.load('tabletop_flow')
    named = configuration.model_copy(update={'initial': 'tabletop'})
    assert (named.initial_folder / 'model.safetensors').is_file()
    unknown = configuration.model_copy(update={'initial': 'tabeltop'})
    with pytest.raises(TrainingError, match=r'initial: no policy .tabeltop.'):
        _ = unknown.initial_folder


def test_the_recipe_makes_what_every_training_reads():
    recipe = Path(__file__).parents[3] / 'tools' / 'train_shipped'
    words = recipe.read_text().split()
    trainings = [path.stem for folder in share.folders('vla_bringup', 'config/training')
                 for path in folder.glob('*.yaml')]
    assert len(set(trainings)) >= 5
    for name in trainings:
        assert name in words
        assert set(TrainingConfiguration.load(name).data) <= set(words)
    refused = subprocess.run([recipe, 'tabeltop'], capture_output=True, text=True)
    assert refused.returncode == 2 and 'usage: tools/train_shipped POLICY' in refused.stderr


def test_actions_are_followed_over_a_gap_in_what_was_observed(tmp_path):
    features = {
        entry.key: {'dtype': 'image', 'names': ['height', 'width', 'channels'], 'shape': (
            entry.processing.height, entry.processing.width, 3)} for entry in CONTRACT.images}
    features['observation.state'] = {'dtype': 'float32', 'shape': (10,), 'names': None}
    features['action'] = {'dtype': 'float32', 'shape': (10,), 'names': None}
    features['stamp_ns'] = {'dtype': 'int64', 'shape': (1,), 'names': None}
    parts = {('one', 0): [0, 1, 2], ('one', 1): [5, 6], ('one', 2): [60], ('two', 0): [61, 62]}
    with DatasetWriter.create(tmp_path / 'set', fps=10, features=features) as writer:
        for (bag, part), steps in parts.items():
            for step in steps:
                writer.add_frame({
                    **{entry.key: np.zeros(features[entry.key]['shape'], np.uint8)
                       for entry in CONTRACT.images}, 'observation.state': STATE,
                    'action': np.full(10, step, np.float32),
                    'stamp_ns': np.array([1_800_000_000_000_000_003 + step * 100_000_000])},
                    task='go left')
            writer.save_episode(bag=bag, part=part)
    store = FrameStore.open([tmp_path / 'set'], CONTRACT, 1, tmp_path / 'cache')
    told = store.actions[:, :, 0]
    assert np.allclose(told[1], np.minimum(1 + np.arange(16), 6))
    assert np.allclose(told[4], 6) and np.allclose(told[5], 60)
    assert np.allclose(told[6], np.minimum(61 + np.arange(16), 62))
