"""Each controller has one page with the same headings, its parameters as the code has them."""
from pathlib import Path

import pytest

from vla_control.controllers import CONTROLLERS
from vla_control.node.broadcasting import BroadcasterParameters
from vla_core.parameters import markdown_table
from vla_core.profile import RobotProfile

PAGES = Path(__file__).parents[1] / 'doc'
HEADINGS = ['## Topics', '## Services', '## Parameters', '## Behaviour']
ARM = RobotProfile.load('franka').arms[0]
MODELS = {name: kind.parameters_model(ARM) for name, kind in CONTROLLERS.items()}
MODELS['broadcasters'] = BroadcasterParameters


@pytest.mark.parametrize('name', MODELS)
def test_page_has_the_headings_and_the_parameters_of_the_code(name):
    page = (PAGES / f'{name}.md').read_text()
    assert [line for line in page.splitlines() if line.startswith('## ')] == HEADINGS
    assert markdown_table(MODELS[name]) in page
