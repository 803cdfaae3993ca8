"""What the docstring and the signature of a recipe say, as Markdown: remarks, options and an example."""

import ast
import doctest
import inspect
import re
from typing import NamedTuple

import keras_vae as kv
from keras_vae.zoo.parts import PARTS

SECTIONS = ("Args", "Raises", "Example", "Reference")
OF_EVERY_RECIPE = {"event_shape": None, "latent_dim": "length of the latent vector."}
"""Arguments that every recipe has: not listed, or only if the text differs from this one."""
IMPORTS = {"np": "import numpy as np", "tf": "import tensorflow as tf"}
CODE_OR_MATH = re.compile(r"(```.*?```|\$\$.*?\$\$)", re.DOTALL)
QUOTED = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
BARE_URL = re.compile(r"(?<![(<])https://\S+[^\s.,;)]")


class Option(NamedTuple):
    """An argument of a recipe: its name, the default as Python writes it, and its meaning."""

    name: str
    default: str
    text: str


def sections_of(recipe) -> dict[str, str]:
    """The docstring, split: `""` is what comes before the first section."""
    parts = re.split(rf"^({'|'.join(SECTIONS)}):", inspect.getdoc(recipe) or "", flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def remarks_of(recipe) -> str:
    """The paragraphs after the summary, without the formula, which is indented."""
    paragraphs = re.split(r"\n\s*\n", sections_of(recipe)[""].strip("\n"))[1:]
    return "\n\n".join(paragraph for paragraph in paragraphs if not paragraph.startswith("    "))


def options_of(recipe) -> list[Option]:
    """The recipe's own options, in the order of the signature."""
    entries = re.findall(r"^    (\w+): (.*(?:\n     .*)*)", sections_of(recipe).get("Args", ""), re.MULTILINE)
    texts = {name: " ".join(text.split()) for name, text in entries}
    return [
        Option(name, _as_python(each.default), texts.get(name, ""))
        for name, each in inspect.signature(recipe).parameters.items()
        if name not in PARTS and (name not in OF_EVERY_RECIPE or OF_EVERY_RECIPE[name] not in (None, texts.get(name)))
    ]


def _as_python(value) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def example_of(recipe) -> str:
    """The example of the docstring as a session that starts with its imports."""
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(recipe) or "")
    sources = [qualified(example.source) for example in examples]
    used = {node.id for source in sources for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    session = [f">>> {line}\n" for name, line in IMPORTS.items() if name in used] + [">>> import keras_vae as kv\n"]
    for example, source in zip(examples, sources, strict=True):
        session.append(">>> " + source.strip("\n").replace("\n", "\n... ") + "\n" + example.want)
    return "".join(session)


def qualified(source: str) -> str:
    """Python code in which names of the package are attributes of `kv` or `kv.zoo`."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)]
    own = {node.id for node in nodes if isinstance(node.ctx, ast.Store)}
    lines = source.split("\n")
    for node in sorted(nodes, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        if node.id in own or not (node.id in kv.zoo.RECIPES or node.id in kv.__all__):
            continue
        place = "kv.zoo" if node.id in kv.zoo.RECIPES else "kv"
        line = lines[node.lineno - 1]
        lines[node.lineno - 1] = f"{line[: node.col_offset]}{place}.{line[node.col_offset :]}"
    return "\n".join(lines)


def linked(text: str) -> str:
    """Links names in backticks, outside of code and formulas: to the section of a recipe, or to the reference."""
    parts = CODE_OR_MATH.split(text)
    parts[::2] = [BARE_URL.sub(r"<\g<0>>", QUOTED.sub(_link, part)) for part in parts[::2]]
    return "".join(parts)


def _link(match: re.Match) -> str:
    name = match[1]
    first = name.partition(".")[0]
    if name in kv.zoo.RECIPES:
        return f"[`{name}`](#{target(name)})"
    if first in kv.__all__ and not inspect.ismodule(getattr(kv, first)) and not first.startswith("_"):
        return f"{{py:obj}}`{name} <keras_vae.{name}>`"
    return f"{{py:obj}}`{name} <keras_vae.zoo.{name}>`" if name == "Parts" else match[0]


def target(name: str) -> str:
    """The target of the section of a recipe."""
    return f"model-{name}"
