"""What the client of an address is told."""
import pytest

from vla_core.policy_contract import PolicyContract
from vla_core.validation import ConfigurationError
from vla_inference.policy_link import connect
from vla_policies.clients import PolicyUnavailable


def test_options_reach_the_client_of_the_address():
    contract, nobody = PolicyContract.load('mini_franka'), 'tcp://127.0.0.1:5999'
    with pytest.raises(ConfigurationError, match='actions: is missing'):
        connect(nobody, contract, 0.3)
    with pytest.raises(ConfigurationError, match='colour: unknown key'):
        connect(nobody, contract, 0.3, actions=['arm'], colour='red')
    with pytest.raises(PolicyUnavailable, match='cannot be reached'):
        connect(nobody, contract, 0.3, actions=['arm'], connect_timeout_s=0.3)
