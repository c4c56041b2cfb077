"""The pages of the book, their links, and the anchors of their headings."""
import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from manifests import ROOT

#: What the book is made of, beside the pages that these link.
PAGES = ('README.md', 'docs/**/*.md', 'src/*/README.md', 'src/*/doc/*.md')

_FENCED = re.compile(r'^(```|~~~).*?^\1[^\n]*$', re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r'(?:^|(?<=\n\n))(?:(?: {4}|\t)[^\n]*\n?)+')
_QUOTED = re.compile(r'(`+)(?!`).+?\1')
_LINK = re.compile(r'\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)')
_DEFINITION = re.compile(r'^ {0,3}\[[^\]]+\]:\s+<?([^\s>]+)', re.MULTILINE)
_HEADING = re.compile(r'^#{1,6}\s+(.*?)\s*#*\s*$', re.MULTILINE)
_ADDRESS = re.compile(r'^[a-z][a-z0-9+.-]*:')


def pages() -> list[Path]:
    """Return the pages of the book, sorted, with those of the repository that they link."""
    found = {page for pattern in PAGES for page in ROOT.glob(pattern)}
    waiting = list(found)
    while waiting:
        for target, _ in links(waiting.pop()):
            if target.suffix == '.md' and target.is_file() and target not in found:
                found.add(target)
                waiting.append(target)
    return sorted(found)


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Yield the file or folder, and the anchor or '', of each link that is no address."""
    text = _QUOTED.sub('', _INDENTED.sub('', _FENCED.sub('', page.read_text())))
    for link in (*_LINK.findall(text), *_DEFINITION.findall(text)):
        if not _ADDRESS.match(link):
            path, _, anchor = link.partition('#')
            yield (Path(os.path.normpath(page.parent / path)) if path else page), anchor


def anchors(page: Path) -> set[str]:
    """Return the anchors of the headings, as Python-Markdown makes them."""
    found: set[str] = set()
    for heading in _HEADING.findall(_FENCED.sub('', page.read_text())):
        words = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', heading)
        plain = unicodedata.normalize('NFKD', words).encode('ascii', 'ignore').decode()
        anchor = re.sub(r'[-\s]+', '-', re.sub(r'[^\w\s-]', '', plain).strip().lower())
        name, count = anchor, 0
        while name in found:
            count += 1
            name = f'{anchor}_{count}'
        found.add(name)
    return found
