"""What launch files share, where it needs no launch."""
from types import SimpleNamespace

import pytest

from vla_core.launching import choose_contract, end_launch_on_mistake
from vla_core.program import MISTAKE
from vla_core.validation import ConfigurationError


def test_a_mistake_ends_the_launch_and_a_crash_does_not():
    running, ending = SimpleNamespace(is_shutdown=False), SimpleNamespace(is_shutdown=True)
    refused = SimpleNamespace(returncode=MISTAKE, process_name='execution-3')
    with pytest.raises(RuntimeError, match='execution-3 refused its configuration'):
        end_launch_on_mistake(refused, running)
    end_launch_on_mistake(refused, ending)
    for status in (0, 1, -9):
        end_launch_on_mistake(
            SimpleNamespace(returncode=status, process_name='web_view-9'), running)


@pytest.mark.parametrize('robot, given, chosen', [
    ('franka', '', 'mini_franka'), ('ur', '', 'mini_ur'), ('franka', 'own.yaml', 'own.yaml')])
def test_the_contract_is_that_of_the_robot_unless_one_is_named(robot, given, chosen):
    values = {'robot': robot, 'contract': given}
    choose_contract(SimpleNamespace(launch_configurations=values))
    assert values['contract'] == chosen


def test_a_robot_that_is_not_there_is_named():
    with pytest.raises(ConfigurationError, match='frank'):
        choose_contract(SimpleNamespace(
            launch_configurations={'robot': 'frank', 'contract': ''}))
