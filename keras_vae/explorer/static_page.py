"""The page as one file that needs no server."""

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

from keras_vae.explorer.page_files import one_script, page_files
from keras_vae.files import expanded, new_parents, write_whole

STYLE_LINK = '<link rel="stylesheet" href="explorer.css">'
SCRIPT_LINK = '<script type="module" src="main.js"></script>'


def static_page(data: Mapping[str, Any]) -> str:
    """Returns the page with its style, scripts and data inside; it loads nothing from anywhere.

    Args:
        data: what the page is given, see `without_server`.

    Example:

    >>> page = static_page({"title": "</script>"})
    >>> "src=" in page, page.count("</script>")
    (False, 2)
    """
    style, scripts, allowed = page_files()["explorer.css"], [one_script()], ""
    if "decoder" in data:
        runtime = data["decoder"]["script"]
        data = {**data, "decoder": {name: value for name, value in data["decoder"].items() if name != "script"}}
        scripts, allowed = [runtime, *scripts], " 'wasm-unsafe-eval'"  # only WebAssembly
    digests = " ".join(f"'{_digest(script)}'" for script in scripts)
    policy = (
        f"default-src 'none'; script-src {digests}{allowed}; style-src '{_digest(style)}'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )
    content = json.dumps(data).replace("<", "\\u003c")
    head = f'<meta http-equiv="content-security-policy" content="{policy}">\n<style>{style}</style>'
    page = page_files()["index.html"].replace(STYLE_LINK, head).replace(f"{SCRIPT_LINK}\n", "")
    inside = [f'<script type="application/json" id="data">{content}</script>']
    inside += [f'<script type="module">{script}</script>' for script in scripts]
    before, body, after = page.rpartition("</body>")
    return before + "\n".join(inside) + "\n" + body + after


def write_page(path: str | os.PathLike, data: Mapping[str, Any]) -> None:
    """Writes the page into a file.

    Args:
        path: path of the file.
        data: what the page is given, see `without_server`.

    Raises:
        OSError: if the file cannot be written; a file that exists is then unchanged.
    """
    path, page = expanded(path), static_page(data)
    with new_parents(path):
        write_whole(path, lambda target: target.write_text(page, encoding="utf-8"))


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
