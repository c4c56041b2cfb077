"""The page of the node says what the node has."""
from pathlib import Path

from vla_core.parameters import markdown_table
from vla_inference.node.parameters import InferenceParameters


def test_the_parameters_are_those_of_the_node():
    page = (Path(__file__).parents[1] / 'README.md').read_text(encoding='utf-8')
    assert markdown_table(InferenceParameters) in page
