"""The page in a headless browser, before a stand-in of the robot."""
import shutil
import signal
import socket

import pytest
from playwright.sync_api import sync_playwright
from test_nodes import Robot

from vla_interfaces.srv import LoadPolicy

pytestmark = pytest.mark.alone
BROWSERS = ('chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome')


@pytest.fixture
def page():
    """A page of a browser of this machine, or of playwright's own."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=[
            '--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'])
        yield browser.new_page(viewport={'width': 1280, 'height': 900})
        browser.close()


def free_port():
    with socket.socket() as claim:
        claim.bind(('127.0.0.1', 0))
        return claim.getsockname()[1]


@pytest.mark.timeout(180)
@pytest.mark.parametrize('token', ['', 'open sesame'])
def test_the_stop_stops_for_who_may(page, token):
    robot, port = Robot(), free_port()
    robot.node.create_service(LoadPolicy, 'load_policy', robot.never_answer)
    parameters = [f'port:={port}', *([f'token:={token}'] if token else [])]
    process = robot.start('web.node', *parameters)
    try:
        def answers():
            with socket.socket() as client:
                return client.connect_ex(('127.0.0.1', port)) == 0
        robot.wait(answers, 'the server', 60.0)
        page.goto(f'http://localhost:{port}/')
        stop = page.get_by_role('button', name='STOP', exact=True)
        stop.wait_for(timeout=60_000)
        if token:
            stop.click()
            page.get_by_text('locked: give the token').wait_for(timeout=20_000)
            assert 'stop' not in robot.asked
            page.get_by_role('textbox').first.fill(token)
            page.get_by_role('button', name='unlock the buttons').click()
            page.get_by_text('unlocked', exact=True).wait_for(timeout=20_000)
        stop.click()
        robot.wait(lambda: 'stop' in robot.asked, 'stop', 20.0)
        page.get_by_text('stop done').wait_for(timeout=20_000)
        page.get_by_role('button', name='load', exact=True).click()
        page.get_by_text('…', exact=True).wait_for(timeout=20_000)
        assert robot.running(), 'the server outlives its visitors'
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0, 'told to end, it waits neither for visitors nor for answers'
    finally:
        output = robot.close()[0]
    assert 'Traceback' not in output, 'not for connections that say nothing either'
