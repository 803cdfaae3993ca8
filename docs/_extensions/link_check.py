"""Warns of links between the pages of the site that lead nowhere.

Sphinx warns of those in its own markup, and not of those in HTML, in its indices and in the pages of the source code.
"""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sphinx import addnodes
from sphinx.util import logging

REFERENCE = "reference/"
ANCHOR = re.compile(r'\s(?:id|name)="([^"]+)"')
LINK = re.compile(r'<(?:a|img|link|script|iframe)\b[^>]*?\s(?:href|src)="([^"]+)"')

logger = logging.getLogger(__name__)


def dead_links(folder: Path) -> list[str]:
    """The links of all pages in a folder to files or anchors that are not there, each after its page."""
    pages = {path.resolve(): path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.html"))}
    anchors = {path: {*ANCHOR.findall(text)} for path, text in pages.items()}
    dead = []
    for page, text in pages.items():
        for link in sorted({*LINK.findall(text)}):
            url = urlsplit(link.replace("&amp;", "&"))
            if url.scheme or url.netloc:
                continue
            target = (page.parent / unquote(url.path)).resolve() if url.path else page
            if not target.exists() or unquote(url.fragment) not in {"", *anchors.get(target, [unquote(url.fragment)])}:
                dead.append(f"{page.relative_to(folder.resolve())}: {link}")
    return dead


def warn(app, error):
    if error is None and app.builder.name == "html":
        for link in dead_links(Path(app.outdir)):
            logger.warning("dead link in %s", link)


def add_anchors(app, doctree):
    """Gives a name both anchors, `keras_vae.NAME` and `keras_vae.PACKAGE.NAME`: the source code links to either."""
    package = app.env.docname.removeprefix(REFERENCE)
    if package == app.env.docname:
        return
    for signature in doctree.findall(addnodes.desc_signature):
        names = [each.removeprefix("keras_vae.").removeprefix(f"{package}.") for each in signature["ids"]]
        both = [f"keras_vae.{prefix}{name}" for name in names for prefix in ("", f"{package}.")]
        signature["ids"] += [each for each in both if each not in signature["ids"]]


def setup(app):
    app.connect("doctree-read", add_anchors)
    app.connect("build-finished", warn)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
