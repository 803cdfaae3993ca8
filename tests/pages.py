"""The pages of the documentation with their blocks and commands."""

import re
import shlex
from pathlib import Path

import keras_vae

ROOT = Path(keras_vae.__file__).parents[1]
DOCS = ROOT / "docs"
GENERATED = ("reference", "models", "_build", "_extensions")
"""Folders of `docs/` whose pages the site writes from the code; the tests of the code test their examples."""

PAGES = [page for page in sorted(DOCS.rglob("*.md")) if page.relative_to(DOCS).parts[0] not in GENERATED]
RUN = [page for page in PAGES if page.parent.name in ("docs", "guides", "coming_from")]
"""The pages whose blocks run on their own; Sphinx runs the tutorials and the start pages, as notebooks."""


def blocks(language):
    """The blocks of a language on the pages in `RUN`, except extending.md, which tests/test_extending.py tests."""
    pages = [page.read_text() for page in (ROOT / "README.md", *RUN) if page.name != "extending.md"]
    return [block for page in pages for block in re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)]


def block_with(page, text):
    """The block of a page, by its path in `docs/`, that contains a text."""
    found = re.findall(r"^```\S+\n(.*?)^```", (DOCS / page).read_text(), re.DOTALL | re.MULTILINE)
    (block,) = (block for block in found if text in block)
    return block.replace("\\\n", " ")


def in_short(block, *options):
    """The commands with little training, and with nothing else changed."""
    quick = " ".join(["--epochs 2 --limit 300 --no-jit-compile", *options])
    shorter, changed = re.subn(r"--epochs \d+", quick, block)
    assert changed
    return shorter


def commands(page):
    """The commands in the blocks of a page, and those in its text, each with whether it is complete."""
    text = page.read_text().replace("\\\n", " ")
    lines = [(line, True) for line in re.findall(r"^!?(keras-vae .*?)&?$", text, re.MULTILINE)]
    lines += [(line, False) for line in re.findall(r"`(keras-vae [^`\n]+)`", text)]
    return [(line, is_complete) for line, is_complete in lines if not re.search(r"\.\.\.|COMMAND|\|", line)]


def parse(line, parsers):
    """Parses the words of a command without a call. Options of the program itself act at once, and are not parsed."""
    _, name, *words = shlex.split(line, comments=True)
    if command := parsers.get(name):
        command.make_context(name, [word for word in words if word not in ("-h", "--help")])
    else:
        assert name in ("--help", "--version", "--install-completion", "--show-completion"), line
