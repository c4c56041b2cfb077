"""What connect() says to a wrong address, option or contract, before anything is sent."""
import subprocess
import sys

import pytest
from stand_in_policy import make_contract

from vla_core.validation import ConfigurationError
from vla_policies.clients import connect

CONTRACT = make_contract()


@pytest.mark.parametrize(('address', 'options', 'reason'), [
    ('ftp://host:1', {}, "unknown scheme 'ftp'; known: ws, wss, http"),
    ('ws://', {}, 'names no host'),
    ('ws://host:99999', {}, 'names no host'),
    ('ws://host:1', {'layuot': 'droid'}, "layuot: unknown key; did you mean 'layout'"),
    ('ws://host:1', {'timeout_s': -1}, 'timeout_s: input should be greater than 0'),
    ('wss://host:1', {'ca_file': 'missing.pem'}, 'ca_file missing.pem: cannot be read'),
    ('tcp://host:1', {}, 'actions: is missing'),
    ('grpc://host:1', {}, 'policy_type: is missing'),
    ('no_such_policy', {}, 'no policy .*no_such_policy'),
    ('no_such_policy', {'api_key': 'x'}, 'a policy in this process has no such options'),
])
def test_one_line_says_what_to_mend(address, options, reason):
    with pytest.raises(ConfigurationError, match=reason) as caught:
        connect(address, CONTRACT, **options)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('address', ['http://host:1', 'tcp://host:1', 'grpc://host:1'])
def test_contract_is_needed_where_the_server_tells_none(address):
    with pytest.raises(ConfigurationError, match='tells no contract'):
        connect(address)


def test_clients_import_no_torch():
    """A client lives in a ROS node, where torch has no place."""
    modules = ', '.join(f'vla_policies.clients.{name}'
                        for name in ('openpi', 'openvla', 'groot', 'lerobot'))
    code = (f'import sys; sys.path[:0] = {sys.path!r}; import {modules}, vla_policies.wire.lerobot;'
            'print([name for name in ("torch", "zmq", "grpc") if name in sys.modules])')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == '[]'
