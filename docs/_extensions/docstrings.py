"""Docstrings of the package, which are plain text with a little Markdown, as reStructuredText."""

import re

SECTION = re.compile(r"^(Args|Attributes|Example|Raises|References?|Returns):\s*")
LIST_ITEM = re.compile(r"^\s*(?:[-*]|\d+\.) ")


def indent_of(line):
    return len(line) - len(line.lstrip())


def to_rst(lines):
    """Marks indented paragraphs as code, and separates lists from the paragraph before them."""
    result, in_section, in_list, in_code = [], False, False, False
    for line in lines:
        previous = result[-1] if result else ""
        if not line.strip():
            in_code = False
            result.append("")
            continue
        if indent_of(line) == 0:
            in_section = bool(SECTION.match(line))
            in_list = bool(LIST_ITEM.match(line)) or (in_list and bool(previous.strip()))
        is_item = bool(LIST_ITEM.match(line))
        if is_item and previous.strip() and not LIST_ITEM.match(previous) and indent_of(line) >= indent_of(previous):
            result.append("")
        if not (in_section or in_list) and indent_of(line) >= 4 and not previous.strip() and not in_code:
            result += [".. code-block:: text", ""]
            in_code = True
        result.append(line)
    return result


def convert(_app, _what, _name, _object, _options, lines):
    lines[:] = to_rst(lines)


def is_hidden(_app, _what, name, member, skip, _options):
    """Hides members that Keras documents, and attributes that only the package reads."""
    function = getattr(member, "fget", None) or getattr(member, "func", None) or getattr(member, "__wrapped__", member)
    module = getattr(function, "__module__", None) or "keras_vae"
    if not module.startswith("keras_vae") or name in {"build", "call", "get_config", "compute_output_shape"}:
        return True
    return skip


def setup(app):
    app.connect("autodoc-process-docstring", convert, priority=100)  # before napoleon
    app.connect("autodoc-skip-member", is_hidden)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
