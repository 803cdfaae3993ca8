"""Docstrings of the package, which are plain text with a little Markdown, as reStructuredText."""

import itertools
import re
import types

from public import PUBLIC_CLASSES
from sphinx.util import inspect

from keras_vae.zoo import RECIPES

SECTION = re.compile(r"^(Args|Attributes|Call arguments|Example|Raises|References?|Returns):\s*")
LIST_ITEM = re.compile(r"^\s*(?:[-*]|\d+\.) ")
CODE = re.compile(r"(`[^`]+`)")
NAME = re.compile(r"`[A-Za-z_][\w.]*`")


def indent_of(line):
    return len(line) - len(line.lstrip())


def with_markup(text):
    """Code in double backticks, except a name, which may become a link; no other markup."""
    parts = CODE.split(text)
    for index, part in enumerate(parts):
        if index % 2 == 0:
            parts[index] = re.sub(r"(?<!^)[|*](?! )|\|", r"\\\g<0>", part, flags=re.MULTILINE)
        elif not NAME.fullmatch(part):
            parts[index] = f"`{part}`"
    return "".join(parts)


def with_lists(paragraph):
    """Separates a list from the text before it."""
    result = []
    for line in paragraph:
        previous = result[-1] if result else ""
        if (
            LIST_ITEM.match(line)
            and previous
            and not LIST_ITEM.match(previous)
            and indent_of(line) >= indent_of(previous)
        ):
            result.append("")
        result.append(line)
    return result


def to_rst(lines):
    """Marks indented paragraphs outside of sections and lists as code."""
    result, in_section, in_list = [], False, False
    for is_text, group in itertools.groupby(lines, key=lambda line: bool(line.strip())):
        paragraph = list(group)
        if not is_text:
            result.append("")
            continue
        if indent_of(paragraph[0]) == 0:
            in_section, in_list = bool(SECTION.match(paragraph[0])), any(map(LIST_ITEM.match, paragraph))
        if paragraph[0].lstrip().startswith(">>>"):
            result += paragraph
        elif indent_of(paragraph[0]) >= 4 and not (in_section or in_list):
            result += [".. code-block:: text", "", *paragraph]
        else:
            result += with_lists(with_markup("\n".join(paragraph)).split("\n"))
    return result


def convert(_app, _what, _name, _object, _options, lines):
    lines[:] = to_rst(lines)


def is_hidden(_app, _what, name, member, skip, _options):
    """Hides members that Keras documents, and the fields of tuples, which the docstring of the tuple describes."""
    function = getattr(member, "fget", None) or getattr(member, "func", None) or getattr(member, "__wrapped__", member)
    module = getattr(function, "__module__", None) or "keras_vae"
    if not module.startswith("keras_vae") or type(member).__name__ == "_tuplegetter":
        return True
    return skip or name in {"build", "call", "get_config", "compute_output_shape"}


def short_signature(app, what, name, value, _options, _signature, _returns):
    """The arguments of a class, not those of Keras's `__new__`; of a recipe, its own, not those of all its parts."""
    if what == "class" and isinstance(value.__init__, types.FunctionType):
        signature = as_written(app, value.__init__, bound_method=True)
        return inspect.stringify_signature(signature, show_return_annotation=False, unqualified_typehints=True), None
    if what == "function" and value in RECIPES.values():
        signature = as_written(app, value.__wrapped__)
        return inspect.stringify_signature(signature, unqualified_typehints=True), None
    return None


def as_written(app, function, **options):
    return inspect.signature(function, type_aliases=app.config.autodoc_type_aliases, **options)


def only_known_bases(_app, _name, _value, _options, bases):
    """Leaves out the bases that a user cannot import."""
    bases[:] = [base for base in bases if not base.__module__.startswith("keras_vae") or base in PUBLIC_CLASSES]


def setup(app):
    app.connect("autodoc-process-signature", short_signature)
    app.connect("autodoc-process-bases", only_known_bases)
    app.connect("autodoc-process-docstring", convert, priority=100)  # before napoleon
    app.connect("autodoc-skip-member", is_hidden)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
