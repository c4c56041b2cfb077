"""MkDocs hook: the pages of the book stand where they stand in the repository.

So every link works in both places, and READMEs of packages are pages of the site. Files that
pages link, such as pictures and configuration, are copied beside them.
"""
import os
import re
import sys
from pathlib import Path

from mkdocs.structure.files import File

sys.path.insert(0, str(Path(__file__).parent))

from manifests import ROOT
from markdown_links import links, pages

_FOLDER_LINK = re.compile(r'\]\(([^):#]+)\)')
_ITEM = re.compile(r'(?:\d+\.|[-*]) +')
_TAB = 4  # columns by which Python-Markdown wants indented what belongs to an item


def on_config(config):
    """Add the packages, each with its pages, to the reference."""
    packages = []
    for readme in sorted(ROOT.glob('src/*/README.md')):
        name = readme.parent.name
        more = sorted(readme.parent.glob('doc/*.md'))
        entries = [page.relative_to(ROOT).as_posix() for page in (readme, *more)]
        packages.append({name: entries if more else entries[0]})
    config.nav.append({'Packages': packages})
    return config


def on_files(files, config):
    """Take the pages of the repository, and what they link, in place of those of a folder."""
    for file in list(files):
        if file.src_dir == config.docs_dir:
            files.remove(file)
    book = pages()
    linked = {target for page in book for target, _ in links(page) if target.is_file()}
    styles = {ROOT / name for name in config.extra_css}
    for path in sorted({*book, *linked, *styles}):
        files.append(File.generated(
            config, path.relative_to(ROOT).as_posix(), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Lead a link to a folder to the first page in it."""
    def lead(match):
        folder = Path(os.path.normpath(ROOT / Path(page.file.src_uri).parent / match[1]))
        first = next((name for name in ('README.md', 'index.md') if (folder / name).is_file()),
                     next((path.name for path in sorted(folder.glob('*.md'))), None))
        return match[0] if first is None else f']({match[1].rstrip("/")}/{first})'

    return '\n'.join(_indented(_FOLDER_LINK.sub(lead, markdown).split('\n')))


def _indented(lines):
    """Yield the lines as Python-Markdown wants lists: apart, and what is below an item moved in."""
    width, fenced, paragraphs, before = 0, False, False, ''
    for line in lines:
        if line.startswith('```'):
            width, fenced = 0, not fenced
        elif not fenced and (item := _ITEM.match(line)):
            if before.strip() and (paragraphs or not width):
                yield ''
            width, paragraphs = item.end(), False
        elif line.strip() and not line.startswith(' ' * width):
            width = 0
        elif line.strip() and 0 < width < _TAB and not fenced:
            line = ' ' * (_TAB - width) + line
        yield line
        paragraphs = paragraphs or not line.strip()
        before = line
