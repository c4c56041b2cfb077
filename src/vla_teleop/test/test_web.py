"""The page: what it may say, who may say it, and the page itself in a headless browser."""
import asyncio
import contextlib
import json
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from playwright.sync_api import sync_playwright
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from vla_core.profile import RobotProfile
from vla_core.validation import ConfigurationError
from vla_teleop import device
from vla_teleop.device import DeviceLost
from vla_teleop.device_watch import DeviceWatch
from vla_teleop.sample import ANY_ARM
from vla_teleop.web.frame import FrameError, parse
from vla_teleop.web.gate import Gate, is_loopback

FRANKA = RobotProfile.load('franka')
BROWSERS = ('chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome')


def frame(**fields):
    return json.dumps({'kind': 'frame', 't': 0.0, 'position': [0, 0, 0], 'turn': [0, 0, 0],
                       'held': [], 'pressed': [], **fields})


@pytest.fixture
def web():
    opened = []

    def make(**options):
        opened.append(device.create('web', {'port': 0, **options}, FRANKA))
        opened[-1].open()
        return opened[-1]
    yield make
    for one in opened:
        one.close()


def until(condition, timeout=10.0):
    end = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return value


def place(one):
    return one.address.split('//')[1].split('/')[0]


def join(one, query='', **options):
    options.setdefault('origin', f'http://{place(one)}')
    return connect(f'ws://{place(one)}/socket{query}', proxy=None, **options)


@pytest.fixture(scope='module')
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp('tls')
    files = {'tls_cert': str(folder / 'cert.pem'), 'tls_key': str(folder / 'key.pem')}
    subprocess.run(
        ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj',
         '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', files['tls_key'],
         '-out', files['tls_cert']], check=True, capture_output=True)
    return files


def test_tls_by_files(web, certificate):
    one = web(**certificate)
    assert one.address.startswith('https://localhost:')
    trusts = ssl.create_default_context(cafile=certificate['tls_cert'])
    with urllib.request.urlopen(one.address, timeout=5, context=trusts) as answer:
        assert b'<html' in answer.read()
    with connect(f'wss://{place(one)}/socket', proxy=None, ssl=trusts,
                 origin=f'https://{place(one)}') as driver:
        driver.send(frame(held=['dead_man']))
        assert until(lambda: one.read(0)).held == {'dead_man'}
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        urllib.request.urlopen(f'http://{place(one)}', timeout=5)


@pytest.mark.parametrize(('options', 'said'), [
    ({'tls_cert': 'cert.pem'}, 'tls_cert and tls_key belong together'),
    ({'tls_cert': 'absent.pem', 'tls_key': 'absent.key'}, 'No such file'),
    ({'tls_cert': __file__, 'tls_key': __file__}, 'PEM')])
def test_bad_tls_files_are_named(options, said):
    with pytest.raises(ConfigurationError, match=said) as caught:
        device.create('web', options, FRANKA)
    assert '\n' not in str(caught.value)


def test_a_frame_becomes_a_sample():
    sample = parse(frame(position=[0.1, 0, 0], turn=[0, 0, 1.0], opening=0.5,
                         held=['dead_man'], pressed=['mark'])).sample
    arm = sample.arms[ANY_ARM]
    assert np.allclose(arm.position, [0.1, 0, 0]) and arm.opening == 0.5
    assert np.allclose(arm.rotation, [0, 0, np.sin(0.5), np.cos(0.5)])
    assert sample.held == {'dead_man'} and sample.pressed == ('mark',) and sample.is_sound()


@pytest.mark.parametrize('text', [
    '', '{', '[]', 'null', b'{}', '{"kind": "frame"}', frame(position=[0, 0]),
    frame(position=[0, 0, 'x']), frame().replace('0.0', 'NaN'), frame(position=[1e300, 0, 0]),
    frame(held=['everything']), frame(held=['clutch'] * 99), frame(opening=2),
    frame(extra=1), frame(t=-1), '[' * 2000, frame(turn=[True, 0, 0])])
def test_what_a_page_does_not_send_is_refused(text):
    with pytest.raises(FrameError) as caught:
        parse(text)
    assert '\n' not in str(caught.value)


@settings(max_examples=100, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=8),
                    lambda inner: st.lists(inner, max_size=4)
                    | st.dictionaries(st.sampled_from(['t', 'position', 'turn', 'held', 'kind']),
                                      inner, max_size=5), max_leaves=20))
def test_no_text_breaks_the_reader(value):
    with contextlib.suppress(FrameError):
        assert parse(json.dumps(value)).sample.is_sound()


def test_the_gate_keeps_out_other_sites_rebound_names_and_guesses():
    home = Gate('localhost')
    assert home.token is None and is_loopback('127.0.0.1') and not is_loopback('0.0.0.0')
    assert home.judge('/', 'localhost:8090', None)[0] == 200
    assert home.judge('/socket', 'localhost:8090', 'http://localhost:8090')[0] == 200
    assert home.judge('/socket', 'localhost:8090', 'http://evil.example')[0] == 403
    assert home.judge('/socket', 'localhost:8090', None)[0] == 403
    assert home.judge('/', 'evil.example:8090', None)[0] == 403
    assert home.judge('/../etc/passwd', 'localhost:8090', None)[0] == 404
    now = [0.0]
    wide = Gate('0.0.0.0', clock=lambda: now[0])
    assert len(wide.token) > 12
    assert wide.judge(f'/?token={wide.token}', '10.0.0.2:8090', None)[0] == 200
    for _ in range(5):
        assert wide.judge('/?token=guess', '10.0.0.2:8090', None)[0] == 403
    assert wide.judge(f'/?token={wide.token}', '10.0.0.2:8090', None)[0] == 429
    now[0] = 31.0
    assert wide.judge(f'/?token={wide.token}', '10.0.0.2:8090', None)[0] == 200


def test_the_page_is_served_and_nothing_else(web):
    one = web()
    with urllib.request.urlopen(one.address, timeout=5) as answer:
        assert b'hold to move' in answer.read()
        assert answer.headers['X-Frame-Options'] == 'DENY'
        assert "default-src 'none'" in answer.headers['Content-Security-Policy']
    for path, status in (('/secret', 404), ('/?x=../..', 200)):
        try:
            assert urllib.request.urlopen(f'http://{place(one)}{path}', timeout=5).status == status
        except urllib.error.HTTPError as error:
            assert error.code == status
    with pytest.raises(InvalidStatus):
        join(one, origin='http://evil.example')


def test_a_token_is_wanted_where_one_is_set(web):
    one = web(token='open-sesame')
    with pytest.raises(InvalidStatus):
        join(one)
    with join(one, '?token=open-sesame') as page:
        page.send(frame(held=['dead_man']))
        assert until(lambda: one.read(0)).held == {'dead_man'}


def test_one_page_drives_others_may_only_stop_and_one_that_leaves_lets_go(web):
    one = web()
    with join(one) as first, join(one) as second:
        first.send(frame(held=['dead_man']))
        assert until(lambda: one.read(0)).held == {'dead_man'}
        assert json.loads(second.recv(5))['drives'] is False
        second.send(frame(held=['dead_man', 'open'], pressed=['take_over', 'stop'],
                          position=[9, 0, 0]))
        sample = until(lambda: one.read(0))
        assert sample.pressed == ('stop',) and not sample.held and not sample.arms
        first.send(frame(t=10, held=['dead_man']))
        until(lambda: one.read(0))
        first.close()
        gone = until(lambda: one.read(0))
        assert not gone.held and not gone.arms
        second.send(frame(t=20, held=['dead_man']))
        assert until(lambda: one.read(0)).held == {'dead_man'}


def test_frames_that_the_radio_held_back_do_not_count(web):
    one = web()
    with join(one) as page:
        page.send(frame(t=0, held=['dead_man']))
        until(lambda: one.read(0))
        time.sleep(0.4)
        page.send(frame(t=33, held=['dead_man']))  # sent when the first was, by its own word
        time.sleep(0.1)
        assert one.read(0) is None
        page.send(frame(t=520, held=['clutch']))
        assert until(lambda: one.read(0)).held == {'clutch'}


@pytest.mark.parametrize('hostile', ['garbage', 'flood', 'large', 'binary', 'half'])
def test_hostile_pages_are_shut_out_and_the_next_one_drives(web, hostile):
    one = web()
    if hostile == 'half':
        with socket.create_connection(place(one).split(':'), timeout=5) as raw:
            raw.sendall(b'GET /socket HTTP/1.1\r\nHost: ')
    else:
        with join(one) as page, pytest.raises(ConnectionClosed):
            for _ in range(3000):
                page.send({'garbage': '{"held": 1}', 'flood': frame(), 'large': 'x' * 100_000,
                           'binary': b'\x00\xff'}[hostile])
            page.recv(5)
            while True:
                page.recv(5)
    with join(one) as page:
        def drives():
            page.send(frame(t=time.monotonic() * 1e3, held=['dead_man']))
            sample = one.read(0)
            return sample is not None and sample.held == {'dead_man'}
        until(drives)


def test_a_port_that_is_taken_is_named_and_tried_again(web):
    one = web()
    port = int(place(one).split(':')[1])
    watch = DeviceWatch('web', device.create('web', {'port': port, 'host': '127.0.0.1'}, FRANKA))
    watch.poll(0)
    assert not watch.alive and 'cannot be served' in watch.problem
    one.close()
    with pytest.raises(DeviceLost):
        one.read(0)
    watch.poll(2 * 10**9)
    assert watch.problem == 'has said nothing yet'
    watch.close()


@pytest.fixture
def browser():
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        one = playwright.chromium.launch(executable_path=found, args=['--no-sandbox'])
        yield one
        one.close()
    asyncio.set_event_loop(None)


@pytest.mark.timeout(180)
def test_two_fingers_on_a_phone(web, browser):
    """One thumb holds the dead-man while a finger of the other hand draws on the pad."""
    one = web()
    context = browser.new_context(viewport={'width': 390, 'height': 844}, has_touch=True)
    page = context.new_page()
    errors = []
    page.on('pageerror', lambda error: errors.append(str(error)))
    page.goto(one.address)
    one.show({'in charge': 'person'})
    page.get_by_text('in charge: person').wait_for(timeout=20_000)
    assert page.get_by_role('status').inner_text().startswith('this page drives')
    touch = context.new_cdp_session(page)

    def centre(name):
        box = page.locator(name).bounding_box()
        return {'x': box['x'] + box['width'] / 2, 'y': box['y'] + box['height'] / 2}

    def fingers(kind, *points):
        touch.send('Input.dispatchTouchEvent', {'type': kind, 'touchPoints': [
            {**point, 'id': number} for number, point in enumerate(points)]})

    def newest():
        sample = until(lambda: one.read(0))
        while (later := one.read(0)) is not None:
            sample = later
        return sample

    thumb, finger = centre('#dead_man'), centre('#pad')
    fingers('touchStart', thumb)
    until(lambda: newest().held == {'dead_man'})
    fingers('touchStart', thumb, finger)
    begun = newest().arms[ANY_ARM].position
    for step in range(1, 11):
        fingers('touchMove', thumb, {'x': finger['x'], 'y': finger['y'] - 10 * step})
    until(lambda: newest().arms[ANY_ARM].position[0] - begun[0] > 0.07)
    sample = newest()
    assert sample.held == {'dead_man'} and abs(sample.arms[ANY_ARM].position[1]) < 1e-6
    fingers('touchEnd')
    until(lambda: not newest().held)

    page.locator('#gripper').fill('25')
    until(lambda: newest().arms[ANY_ARM].opening == 0.25)
    page.locator('#yaw').evaluate(
        "slider => { slider.value = 50; slider.dispatchEvent(new Event('input')); "
        "slider.dispatchEvent(new Event('change')); }")
    until(lambda: abs(newest().arms[ANY_ARM].rotation[2] - np.sin(0.25)) < 1e-6)
    assert page.locator('#yaw').input_value() == '0'
    pressed = []

    def pressing():
        sample = one.read(0)
        pressed.extend(sample.pressed if sample else ())
        return 'stop' in pressed
    for name in ('take over', 'mark', 'STOP'):
        page.get_by_role('button', name=name, exact=True).click()
    until(pressing)
    assert pressed == ['take_over', 'mark', 'stop']

    page.keyboard.down('Space')
    until(lambda: newest().held == {'dead_man'})
    page.evaluate("window.dispatchEvent(new Event('blur'))")  # the page is no longer looked at
    until(lambda: not newest().held)
    second = context.new_page()
    second.goto(one.address)
    second.get_by_text('another page drives').wait_for(timeout=20_000)
    page.keyboard.down('KeyA')
    page.close()
    second.get_by_text('this page drives').wait_for(timeout=20_000)
    assert not errors
