"""Formulas as MathML, which browsers show without a script and without a request to another host."""

import re
import xml.etree.ElementTree as ElementTree

from docutils import nodes
from latex2mathml.converter import convert

MATHML = "http://www.w3.org/1998/Math/MathML"
NAME = re.compile(r"[A-Za-z-]{2,}")
SUMS = {"\N{N-ARY SUMMATION}", "\N{N-ARY PRODUCT}"}
WITH_LIMITS = {
    f"{{{MATHML}}}{old}": f"{{{MATHML}}}{new}" for old, new in {"msub": "munder", "msubsup": "munderover"}.items()
}
MI, MO = f"{{{MATHML}}}mi", f"{{{MATHML}}}mo"
ROWS = {f"{{{MATHML}}}{tag}" for tag in ("math", "mrow", "mtd")}

ElementTree.register_namespace("", MATHML)


def shown(formula: str, display: str = "inline") -> str:
    """Converts a formula in LaTeX.

    What the converter writes is changed where browsers would show it wrong: the limits of sums between large brackets,
    the spaces around functions and relations, and the alignment of cells, whose attribute is not in MathML Core.

    Raises:
        ValueError: for a command that the converter does not know and leaves as it is, such as the `aligned`
            environment, for which `align*` is to be used.
    """
    text = convert(formula, display=display)
    if unknown := re.search(r"\\[a-zA-Z]+|<mi>&</mi>", text):
        raise ValueError(f"expected a formula that latex2mathml can convert, it leaves {unknown[0]}: {formula.strip()}")
    tree = ElementTree.fromstring(text)
    for element in [*tree.iter()]:
        if display == "block" and element.tag in WITH_LIMITS and element[0].text in SUMS:
            element.tag = WITH_LIMITS[element.tag]
        if align := element.attrib.pop("columnalign", None):
            element.set("style", f"text-align: {align}")
        if element.text == "~":
            element.tag, element.text = MO, "\N{TILDE OPERATOR}"
        if element.tag == MO and NAME.fullmatch(element.text or ""):
            element.tag = MI
        if element.tag in ROWS:
            _space(element)
    return ElementTree.tostring(tree, encoding="unicode")


def _space(row):
    """Adds a space before and after the name of a function, unless an operator or the end of the row is there."""
    for place in range(len(row) - 1, -1, -1):
        if NAME.fullmatch(row[place].text or "") and row[place].tag in (MI, MO):
            for neighbour, at in ((place + 1, place + 1), (place - 1, place)):
                if 0 <= neighbour < len(row) and (row[neighbour].tag != MO or row[neighbour].text == ")"):
                    row.insert(at, ElementTree.Element(f"{{{MATHML}}}mspace", width="0.167em"))


def visit_inline(writer, node):
    writer.body.append(shown(node.astext()))
    raise nodes.SkipNode


def visit_block(writer, node):
    writer.body.append(f'<div class="math">{shown(node.astext(), display="block")}</div>')
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
