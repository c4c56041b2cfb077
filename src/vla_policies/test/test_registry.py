"""Folders that are no policy, or a damaged one, are refused by file and field."""
import json

import pytest
import yaml
from mini_folder import make
from safetensors.torch import load_file, save_file

from vla_core.policy_contract import ContractError
from vla_core.profile import RobotProfile
from vla_policies.policy import PolicyError
from vla_policies.registry import kinds, load_policy


@pytest.fixture
def folder(tmp_path):
    return make(tmp_path / 'policy')


def change(folder, **fields):
    path = folder / 'policy.yaml'
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **fields}))


def test_a_folder_is_opened_as_what_it_says_it_is(folder):
    assert 'mini' in kinds()
    policy = load_policy(folder)
    assert policy.name == 'small' and not policy.takes_prefix


def test_the_head_is_one_line(folder):
    change(folder, head='flow')
    assert load_policy(folder).takes_prefix


def test_what_is_no_policy_is_refused(folder, tmp_path):
    with pytest.raises(PolicyError, match=r'no policy.yaml'):
        load_policy(tmp_path)
    with pytest.raises(PolicyError, match='no policy'):
        load_policy('tablecloth')
    change(folder, kind='maxi')
    with pytest.raises(PolicyError, match=r"kind: unknown 'maxi'.*mini"):
        load_policy(folder)


def test_an_unknown_setting_is_named(folder):
    change(folder, haed='l1')
    with pytest.raises(PolicyError, match=r"haed.*'head'"):
        load_policy(folder)


def test_a_missing_contract_is_named(folder):
    (folder / 'contract.yaml').unlink()
    with pytest.raises(ContractError, match=r'contract.yaml: cannot be read'):
        load_policy(folder)


def test_missing_statistics_are_named(folder):
    path = folder / 'statistics.json'
    path.write_text(json.dumps({'state': json.loads(path.read_text())['state']}))
    with pytest.raises(PolicyError, match=r'statistics.json: action: is missing'):
        load_policy(folder)
    path.unlink()
    with pytest.raises(PolicyError, match=r'statistics.json: cannot be read'):
        load_policy(folder)


def test_damaged_weights_are_refused(folder):
    path = folder / 'model.safetensors'
    whole = path.read_bytes()
    path.write_bytes(whole[:len(whole) // 2])
    with pytest.raises(PolicyError, match=r'model.safetensors: is no safetensors file'):
        load_policy(folder)


def test_foreign_weights_are_refused_by_name(folder):
    path = folder / 'model.safetensors'
    weights = load_file(path)
    name = 'backbone.words.weight'
    save_file({key: value for key, value in weights.items() if key != name}, path)
    with pytest.raises(PolicyError, match=f'has no {name}'):
        load_policy(folder)
    save_file({**weights, name: weights[name][:8].clone()}, path)
    with pytest.raises(PolicyError, match=f'{name} has shape'):
        load_policy(folder)
    save_file({**weights, name: weights[name] * float('nan')}, path)
    with pytest.raises(PolicyError, match='not finite'):
        load_policy(folder)


@pytest.mark.parametrize('robot', ['franka', 'ur', 'aloha'])
def test_the_policy_that_a_robot_begins_with_is_made_for_it(robot):
    name = RobotProfile.load(robot).policy
    assert bool(name) == (robot != 'aloha')
    if name:
        assert load_policy(name).contract.robot == robot
