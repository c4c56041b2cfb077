"""Links lead somewhere, and what the reference says of the code is what the code says."""
import re

import pytest
import yaml
from manifests import ROOT
from markdown_links import anchors, links, pages

BOOK = pages()
ELSEWHERE = [page for folder in ('src', 'underlay', 'config', 'docker', 'requirements', 'test')
             for page in (ROOT / folder).rglob('*.md')]


def relative(path):
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize('page', sorted({*BOOK, *ELSEWHERE}), ids=relative)
def test_links_lead_somewhere(page):
    for target, anchor in links(page):
        assert target.exists(), f'{relative(page)}: {target} is not there'
        assert target.is_relative_to(ROOT), f'{relative(page)}: {target} lies outside'
        if anchor:
            assert anchor in anchors(target), f'{relative(page)}: {target} has no #{anchor}'


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    page = tmp_path / 'page.md'
    page.write_text('# A *way* out\n\n[a](other.md) [b](#a-way-out) `[c](code.md)`\n\n'
                    '```\n[d](fenced.md)\n```\n\n    [e](indented.md)\n')
    assert list(links(page)) == [(tmp_path / 'other.md', ''), (page, 'a-way-out')]
    assert anchors(page) == {'a-way-out'}


def test_every_page_of_the_book_is_in_the_table_of_contents():
    listed = set(re.findall(r'[\w/-]+\.md', (ROOT / 'mkdocs.yml').read_text()))
    by_hook = {relative(page) for page in BOOK if relative(page).startswith('src/')}
    assert {relative(page) for page in BOOK} == listed | by_hook


def test_the_reference_says_what_the_code_says():
    """A difference is mended by `make docs`, or by tools/write_reference.py alone."""
    from write_reference import pages as written
    for path, text in written().items():
        assert path.read_text() == text, f'{relative(path)} is not what the code says: make docs'


def test_launch_files_that_exist_are_in_the_reference():
    from write_reference import LAUNCH_FILES
    assert {f'{name}.launch.py' for name in LAUNCH_FILES} == {
        path.name for path in (ROOT / 'launch').glob('*.launch.py')}


def commands():
    """Yield the page and each line of a code block that begins like a command of ours."""
    for page in BOOK:
        for line in page.read_text().splitlines():
            words = line.strip().removeprefix('$ ')
            if re.match(r'(ros2 (run|launch) |python -m vla_|make )', words):
                yield page, words


@pytest.mark.parametrize('kind', ['run', 'launch', 'python', 'make'])
def test_commands_of_the_book_exist(kind):
    from manifests import read_all
    packages = {manifest.name for manifest in read_all()}
    targets = set(re.findall(r'^(\w[\w-]*):', (ROOT / 'Makefile').read_text(), re.MULTILINE))
    checked = 0
    for page, line in commands():
        words = line.split()
        if words[0] == kind == 'make':
            known = words[1].startswith('PYTHON=') or words[1] in targets
        elif words[:2] == ['ros2', 'run'] == ['ros2', kind]:
            scripts = (ROOT / 'src' / words[2] / 'setup.py').read_text()
            known = re.search(rf'\b{words[3]}\b', scripts) and words[2] in packages
        elif words[:2] == ['ros2', 'launch'] == ['ros2', kind]:
            name = words[3] if words[2] != '-s' else words[4]
            known = (ROOT / 'launch' / name).is_file()
        elif words[0] == kind == 'python':
            module = ROOT / 'src' / words[2].split('.')[0] / words[2].replace('.', '/')
            known = module.with_suffix('.py').is_file() or (module / '__main__.py').is_file()
        else:
            continue
        checked += 1
        assert known, f'{relative(page)}: no such command: {line}'
    assert checked


def test_launch_arguments_of_the_book_exist():
    from write_reference import pages as written
    text = next(text for path, text in written().items() if path.stem == 'launch_arguments')
    known = set(re.findall(r'^\| `(\w+)`', text, re.MULTILINE))
    for page, line in commands():
        if line.startswith('ros2 launch vla_bringup'):
            given = re.findall(r'\s(\w+):=', re.sub(r'"[^"]*"|\'[^\']*\'', '', line))
            assert set(given) <= known, f'{relative(page)}: no such argument: {line}'


def test_configuration_in_the_book_is_yaml():
    for page in BOOK:
        for block in re.findall(r'^```yaml\n(.*?)^```', page.read_text(),
                                re.MULTILINE | re.DOTALL):
            yaml.safe_load(block)
