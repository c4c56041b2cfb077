"""Lines from bytes."""
from launch.process import OutputLines


def test_lines_are_put_together_from_pieces():
    lines = OutputLines()
    assert list(lines.feed(b'a')) == []
    assert list(lines.feed(b'b\nc\r\nd')) == ['ab', 'c']
    assert list(lines.flush()) == ['d']
    assert list(lines.flush()) == []


def test_characters_may_be_cut_and_may_be_broken():
    lines = OutputLines()
    euro = '€'.encode()
    assert list(lines.feed(euro[:1])) == []
    assert list(lines.feed(euro[1:] + b'\n\xff\n')) == ['€', '�']
