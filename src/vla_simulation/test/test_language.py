"""Instructions: enough of them, and the held-out ones are never those of training."""
import string

import pytest

from vla_simulation import suites

SUITES = ('tabletop', 'bimanual', 'touching')


def _tables(suite):
    module = __import__(f'vla_simulation.suites.{suite}.language', fromlist=['TRAINING'])
    further = getattr(module, 'FURTHER', {})
    training = {family: (*texts, *further.get(family, ()))
                for family, texts in module.TRAINING.items()}
    return training, module.HELD_OUT


@pytest.mark.parametrize('suite', SUITES)
def test_every_family_has_twenty_templates_and_held_out_ones(suite):
    training, held_out = _tables(suite)
    assert set(training) == set(held_out) == set(suites.load(suite).families)
    for family, templates in training.items():
        assert len(set(templates)) == len(templates) >= 20
        assert len(set(held_out[family])) == len(held_out[family]) >= 6


@pytest.mark.parametrize('suite', SUITES)
def test_held_out_words_are_in_no_training_template(suite):
    training, held_out = _tables(suite)

    def plain(text):
        return ' '.join(text.lower().translate(str.maketrans('', '', ',.')).split())

    trained = {plain(text) for texts in training.values() for text in texts}
    assert not trained & {plain(text) for texts in held_out.values() for text in texts}


@pytest.mark.parametrize('suite', SUITES)
def test_templates_name_what_the_task_is_about(suite):
    for table in _tables(suite):
        for family, templates in table.items():
            for template in templates:
                fields = {field for _, field, _, _ in string.Formatter().parse(template) if field}
                assert 'object' in fields
                assert fields <= {'object', 'goal', 'giver', 'receiver'}
                assert ('goal' in fields) == (family not in ('pick', 'transfer', 'touch'))
