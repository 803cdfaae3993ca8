"""The page as one file that needs no server."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from keras_vae.explorer.page_files import one_script, page_files

STYLE_LINK = '<link rel="stylesheet" href="explorer.css">'
SCRIPT_LINK = '<script type="module" src="main.js"></script>'


def static_page(data: Mapping[str, Any]) -> str:
    """Returns the page with its style, script and data inside; it loads nothing from anywhere.

    Args:
        data: what the page is given, see `explorer_data`, with the `library`.

    Example:

    >>> page = static_page({"title": "</script>"})
    >>> "src=" in page, page.count("</script>")
    (False, 2)
    """
    style, script = page_files()["explorer.css"], one_script()
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    content = json.dumps(data).replace("<", "\\u003c")
    page = page_files()["index.html"]
    head = f'<meta http-equiv="content-security-policy" content="{policy}">\n<style>{style}</style>'
    page = page.replace(STYLE_LINK, head).replace(f"{SCRIPT_LINK}\n", "")
    scripts = f'<script type="application/json" id="data">{content}</script>\n<script type="module">{script}</script>\n'
    before, body, after = page.rpartition("</body>")
    return before + scripts + body + after


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
