"""The server as a process: several clients, hostile ones, keys, TLS, health and metrics."""
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

import msgpack
import numpy as np
import pytest
from stand_in_policy import make_contract
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect as connect_socket

from vla_policies.clients import ServerError, connect
from vla_policies.serve import main
from vla_policies.wire import openpi

CONTRACT = make_contract()


@pytest.fixture(scope='module')
def server(serve):
    return serve('stand_in_policy:Remembering', '--max-frame-mb', '1')


@pytest.fixture(scope='module')
def slow(serve):
    return serve('stand_in_policy:slow')


@pytest.fixture
def frame(observe):
    def make(**changes):
        observation = observe(CONTRACT)
        return openpi.pack({**observation.images, 'observation.state': observation.state,
                            'prompt': 'pick it', **changes})
    return make


def fetch(address, path, **headers):
    request = urllib.request.Request(address.replace('ws', 'http', 1) + path, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.status, response.headers['Content-Type'], response.read().decode()


def metric(address, name):
    line = next(line for line in fetch(address, '/metrics')[2].splitlines()
                if line.startswith(name))
    return float(line.rsplit(' ', 1)[1])


def exchange(address, data):
    """The first reply to ``data``; its metadata must have come before."""
    with connect_socket(address, compression=None, max_size=None) as socket:
        assert isinstance(socket.recv(timeout=10), bytes)
        socket.send(data)
        return socket.recv(timeout=10)


def test_metadata_comes_first_and_plain_requests_get_plain_replies(server, frame):
    with connect_socket(server.address, compression=None) as socket:
        metadata = openpi.unpack(socket.recv(timeout=10))
        assert metadata['policy'] == 'stand_in'
        assert metadata['action_labels'][0] == 'joint1'
        assert metadata['vla']['takes_prefix'] is True
        for request in range(2):
            socket.send(frame())
            reply = openpi.unpack(socket.recv(timeout=10))
            assert set(reply) == {'actions', 'state', 'policy_timing', 'server_timing'}
            assert ('prev_total_ms' in reply['server_timing']) == (request > 0)


def test_fields_of_ours_come_back_only_when_asked_for(server, frame):
    reply = openpi.unpack(exchange(server.address, frame(vla={'stamp_ns': 5, 'features': True})))
    assert set(reply['vla']) == {'stamp_ns', 'times_s', 'prefix_length', 'policy', 'features'}
    assert reply['vla']['stamp_ns'] == 5
    np.testing.assert_allclose(reply['vla']['times_s'], np.arange(1, 7) / 10)


@pytest.mark.parametrize(('data', 'reason'), [
    (b'', 'not a msgpack message'), (b'\xc1\xc1', 'not a msgpack message'),
    (b'\x81' * 500_000, 'not a msgpack message'),
    (b'\xdd\xff\xff\xff\xff', 'not a msgpack message'),
    ('text', 'a request is a binary frame, not text'), (msgpack.packb([1]), 'is a map of keys'),
    (msgpack.packb({'a': msgpack.ExtType(3, b'x')}), 'not a msgpack message'),
    (msgpack.packb({'a': {b'__ndarray__': True, b'dtype': '|O', b'shape': [1], b'data': b''}}),
     'not accepted'),
    (msgpack.packb({'prompt': 'x'}), 'observation.images.front, observation.images.wrist'),
])
def test_hostile_frame_gets_a_reason_and_the_server_goes_on(server, frame, data, reason):
    with connect_socket(server.address, compression=None) as socket:
        socket.recv(timeout=10)
        socket.send(data)
        told = socket.recv(timeout=10)
        assert isinstance(told, str)
        assert reason in told
        assert '\n' not in told
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=10)
        assert closed.value.rcvd.code == 1011
    assert isinstance(exchange(server.address, frame()), bytes)


def test_frame_beyond_the_limit(server, frame):
    with connect_socket(server.address, compression=None) as socket:
        socket.recv(timeout=10)
        with pytest.raises(ConnectionClosed) as closed:
            socket.send(b'\0' * (1 << 20) + b'\0')
            socket.recv(timeout=10)
        assert closed.value.rcvd.code == 1009
    assert isinstance(exchange(server.address, frame()), bytes)


@pytest.mark.parametrize(('prompt', 'reason'), [
    ('crash', 'RuntimeError: the device has gone'), ('diverge', 'joint4 at step 2 is nan')])
def test_fault_of_the_policy_is_a_traceback(server, frame, prompt, reason):
    told = exchange(server.address, frame(prompt=prompt))
    assert told.startswith('Traceback (most recent call last)')
    assert reason in told
    assert isinstance(exchange(server.address, frame()), bytes)


def test_bytes_that_are_no_websocket(server, frame):
    before = len(server.lines)
    host, port = server.address.removeprefix('ws://').split(':')
    for sent in (b'\x16\x03\x01' * 100, b'GET / HTTP/1.1\r\n\r\n', b'\0' * 100_000, b''):
        with socket.create_connection((host, int(port)), 10) as raw:
            raw.sendall(sent)
    assert isinstance(exchange(server.address, frame()), bytes)
    assert not any('Traceback' in line or 'handshake' in line for line in server.lines[before:])


def test_page_in_a_browser_cannot_connect(server):
    with pytest.raises(InvalidStatus) as refused:
        connect_socket(server.address, origin='https://example.com')
    assert refused.value.response.status_code == 403


def test_health_and_metrics(server, frame):
    assert fetch(server.address, '/healthz') == (200, 'text/plain; charset=utf-8', 'OK\n')
    answered = metric(server.address, 'vla_policy_requests_total{outcome="answered"}')
    refused = metric(server.address, 'vla_policy_requests_total{outcome="refused"}')
    exchange(server.address, frame())
    exchange(server.address, frame(prompt=''))
    assert metric(
        server.address, 'vla_policy_requests_total{outcome="answered"}') == answered + 1
    assert metric(server.address, 'vla_policy_requests_total{outcome="refused"}') == refused + 1
    assert fetch(server.address, '/metrics')[1].startswith('text/plain; version=0.0.4')


def test_client_that_hangs_up_amid_a_request(slow, frame):
    for _ in range(3):
        client = connect_socket(slow.address, compression=None)
        client.recv(timeout=10)
        client.send(frame())
        client.socket.shutdown(socket.SHUT_RDWR)
    assert isinstance(exchange(slow.address, frame()), bytes)
    deadline = time.monotonic() + 10
    while metric(slow.address, 'vla_policy_clients') and time.monotonic() < deadline:
        time.sleep(0.05)
    assert metric(slow.address, 'vla_policy_clients') == 0
    assert metric(slow.address, 'vla_policy_requests_total{outcome="gone"}') >= 1


def test_clients_are_batched_and_do_not_block_each_other(slow, observe):
    """Eight clients of a policy that takes 0.25 s a batch, four requests each."""
    failures = []

    def ask():
        try:
            with connect(slow.address, CONTRACT, timeout_s=30.0) as client:
                for _ in range(4):
                    np.testing.assert_allclose(client.infer(observe(CONTRACT)).data[0, 0], 10.0)
        except Exception as error:
            failures.append(error)
    before = metric(slow.address, 'vla_policy_batch_size_sum')
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    # Meanwhile the server is there for others.
    assert fetch(slow.address, '/healthz')[0] == 200
    for thread in threads:
        thread.join()
    assert not failures
    # The histogram sums the size of the batch over the requests, 32 if none had been batched.
    assert metric(slow.address, 'vla_policy_batch_size_sum') - before > 64


def test_each_connection_is_a_session(server, observe):
    with connect(server.address) as one, connect(server.address) as other:
        for episode in range(1, 4):
            one.reset('go')
            assert one.infer(observe(CONTRACT)).data[0, 4] == episode
        assert other.infer(observe(CONTRACT)).data[0, 4] == 1


def test_api_key(serve, tmp_path, observe):
    key = tmp_path / 'key'
    key.write_text('secret\n')
    server = serve('stand_in_policy:StandIn', '--api-key-file', key)
    with pytest.raises(ServerError, match='the API key is missing or wrong'):
        connect(server.address)
    with pytest.raises(urllib.error.HTTPError, match='401'):
        fetch(server.address, '/metrics')
    assert fetch(server.address, '/metrics', Authorization='Api-Key secret')[0] == 200
    assert fetch(server.address, '/healthz')[0] == 200
    with connect(server.address, api_key='secret') as client:
        assert client.infer(observe(CONTRACT)).steps == 6


def test_tls(serve, tmp_path, observe):
    certificate, key = tmp_path / 'cert.pem', tmp_path / 'key.pem'
    subprocess.run(
        ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out',
         certificate, '-days', '2', '-subj', '/CN=localhost', '-addext',
         'subjectAltName=IP:127.0.0.1'], check=True, capture_output=True)
    server = serve('stand_in_policy:StandIn', '--tls-cert', certificate, '--tls-key', key)
    assert server.address.startswith('wss://')
    with connect(server.address, ca_file=certificate) as client:
        assert client.infer(observe(CONTRACT)).steps == 6
    with pytest.raises(ServerError, match='name its authority in ca_file'):
        connect(server.address)


def test_limit_of_clients(serve):
    server = serve('stand_in_policy:StandIn', '--max-clients', '1')
    with connect(server.address), pytest.raises(InvalidStatus) as refused:
        connect_socket(server.address)
    assert refused.value.response.status_code == 503


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_it_in_order(serve, number):
    server = serve('stand_in_policy:StandIn')
    with connect(server.address):
        server.process.send_signal(number)
        assert server.process.wait(20) == 0
    assert server.lines[-1].startswith('serving ')


@pytest.mark.parametrize(('arguments', 'reason'), [
    (['--policy', 'no_such_policy'], 'no policy'),
    (['--policy', 'no_such_module:policy'], "cannot be loaded: No module named 'no_such_module'"),
    (['--policy', 'stand_in_policy:HORIZON'], 'a int is no policy and makes none'),
    (['--policy', 'stand_in_policy:make_contract'], 'a PolicyContract is no policy'),
    (['--policy', 'stand_in_policy:StandIn', '--device', 'cuda'], 'has no optimise()'),
    (['--policy', 'stand_in_policy:StandIn', '--api-key-file', 'missing'], 'cannot be read'),
    (['--policy', 'stand_in_policy:StandIn', '--tls-cert', 'missing'], 'both a certificate and'),
    (['--policy', 'stand_in_policy:StandIn', '--tls-cert', 'a', '--tls-key', 'b'], 'No such file'),
    (['--policy', 'stand_in_policy:StandIn', '--host', '203.0.113.1'], 'cannot listen on'),
])
def test_what_cannot_be_served_is_one_line(capsys, arguments, reason):
    assert main(['--port', '0', *arguments]) == 1
    said = capsys.readouterr().err
    assert reason in said
    assert said.count('\n') == 1


@pytest.mark.parametrize(('arguments', 'reason'), [
    (['--port', '70000'], 'from 0 to 65535'), (['--max-batch', 'many'], 'from 1 to 1024'),
    (['--batch-window-ms', 'nan'], 'from 0 to 1000'), (['--dtype', 'int4'], 'invalid choice')])
def test_wrong_option(capsys, arguments, reason):
    with pytest.raises(SystemExit):
        main(['--policy', 'stand_in_policy:StandIn', *arguments])
    assert reason in capsys.readouterr().err


def test_port_in_use(capsys, server):
    port = server.address.rsplit(':', 1)[1]
    assert main(['--policy', 'stand_in_policy:StandIn', '--port', port]) == 1
    assert f'cannot listen on 127.0.0.1:{port}: ' in capsys.readouterr().err


def test_open_server_warns(serve):
    server = serve('stand_in_policy:StandIn', '--host', '0.0.0.0')
    assert 'warning: open to the network without --api-key-file' in server.lines
    assert server.address.startswith('ws://0.0.0.0:')
