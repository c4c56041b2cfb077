"""What a hostile web client meets before it meets viser."""
import http
from contextlib import ExitStack

import msgspec
import pytest
from hypothesis import given, strategies as st

from vla_monitoring.web.access import Access, is_loopback
from vla_monitoring.web.guard import Guard
from vla_monitoring.web.view import _escaped


def headers(host='localhost:8080', **more):
    return {'Host': host, **{key.replace('_', '-'): value for key, value in more.items()}}


def pack(**message):
    return msgspec.msgpack.encode(message)


CAMERA = {'type': 'ViewerCameraMessage', 'wxyz': [1, 0, 0, 0], 'position': [0, 0, 1],
          'look_at': [0, 0, 0], 'up_direction': [0, 0, 1], 'fov': 1.0, 'aspect': 1.5, 'near': 0.1,
          'far': 100}


@pytest.mark.parametrize('host', ['localhost:8080', '127.0.0.1:8080', '[::1]:8080', '10.0.0.7'])
def test_addresses_are_served(host):
    assert Guard().refuse('/', headers(host)) is None
    assert Guard().refuse('/', headers(host, Origin=f'http://{host}', Upgrade='websocket')) is None


@pytest.mark.parametrize('sent', [
    headers('evil.example:8080'), headers(''), headers('localhost:8080', Origin='http://evil.com'),
    headers('localhost:8080', Origin='http://localhost:9000'), headers(Origin='null'),
    headers('rebound.example', Origin='http://rebound.example', Upgrade='websocket')])
def test_pages_of_other_sites_are_not(sent):
    assert Guard().refuse('/', sent)[0] is http.HTTPStatus.FORBIDDEN


def test_a_name_can_be_allowed():
    assert Guard(['lab.local']).refuse('/', headers('lab.local:8080')) is None


@pytest.mark.parametrize('path', [
    '/../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/assets/..%2f..%2fetc/passwd', 'etc/passwd',
    '//etc/passwd', '/a\\..\\b', '/\0'])
def test_paths_do_not_lead_out(path):
    assert Guard().refuse(path, headers())[0] is http.HTTPStatus.NOT_FOUND


def test_there_is_an_end_to_viewers():
    guard = Guard()
    with ExitStack() as viewers:
        for _ in range(12):
            viewers.enter_context(guard.client())
        refused = guard.refuse('/', headers(Upgrade='websocket'))
        assert refused[0] is http.HTTPStatus.SERVICE_UNAVAILABLE
    assert guard.refuse('/', headers(Upgrade='websocket')) is None


def test_messages_of_a_viewer_pass():
    assert Guard.readable(pack(**CAMERA)) is True
    assert Guard.readable(pack(type='GuiUpdateMessage', uuid='x', updates={'value': 'go'})) is True


@pytest.mark.parametrize('message', [
    {'type': 'ShareUrlRequest'}, {'type': 'FileTransferStart'}, {'type': 'RunJavascriptMessage'}])
def test_what_a_viewer_has_no_use_for_is_dropped(message):
    assert Guard.readable(pack(**message)) is False


@pytest.mark.parametrize('raw', [
    'text', b'', b'\xc1', pack(kind='x'), msgspec.msgpack.encode([1]),
    pack(**{**CAMERA, 'position': [0, 0]}), pack(**{**CAMERA, 'fov': float('nan')}),
    pack(**{**CAMERA, 'wxyz': 'abcd'}),
    pack(type='GuiUpdateMessage', uuid='x', updates={'visible': False}),
    pack(type='GuiUpdateMessage', uuid='x', updates={'value': 'x' * 5000}),
    pack(type='GuiUpdateMessage', uuid='x', updates={'value': {'a': 1}})])
def test_what_is_no_message_ends_the_connection(raw):
    assert Guard.readable(raw) is None


@given(st.binary(max_size=200))
def test_noise_never_passes(raw):
    assert Guard.readable(raw) is not True


def test_loopback_needs_no_token_and_everywhere_else_does():
    assert Access.of_host('localhost').may(1)
    access = Access.of_host('0.0.0.0')
    assert len(access.token) >= 12 and not access.may(1)
    assert access.unlock(1, 'guess') == 'this is not the token'
    assert access.unlock(1, access.token) == ''
    assert access.may(1) and not access.may(2)
    access.forget(1)
    assert not access.may(1)
    assert not is_loopback('0.0.0.0') and not is_loopback('192.168.1.2')


def test_guessing_closes_the_door_for_a_while():
    now = [0.0]
    access = Access('secret', clock=lambda: now[0])
    for client in range(5):
        access.unlock(client, 'wrong')
    assert 'wait' in access.unlock(9, 'secret')
    now[0] = 31.0
    assert access.unlock(9, 'secret') == ''


def test_words_of_topics_are_no_markup():
    assert _escaped('<img src=x onerror=alert(1)> **b**') == (
        r'\<img src=x onerror=alert\(1\)\> \*\*b\*\*')
