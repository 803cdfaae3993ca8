"""The report, as text and as JSON."""

import re
import shutil
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from keras_vae.cli.doctor.finding import Finding
from keras_vae.cli.doctor.machine import machine
from keras_vae.cli.doctor.optional import optional_parts
from keras_vae.cli.doctor.probe import probe
from keras_vae.cli.doctor.requirements import versions

WIDTH = 24
"""Width of the column with the names."""


def examine(*, quick: bool = False) -> Iterator[Finding]:
    """Yields the findings, each as soon as it is made.

    Args:
        quick: leaves out the imports of the optional parts and the self-test.
    """
    yield from versions()
    yield from machine()
    yield from optional_parts(with_imports=not quick)
    yield from probe(quick=quick)


def as_lines(findings: Iterable[Finding]) -> Iterator[str]:
    """Yields the lines of the text, which ends with a summary."""
    section, broken, notes = "", [], 0
    for each in findings:
        if each.section != section:
            yield f"{'' if not section else chr(10)}{each.section}"
            section = each.section
        mark = {"ok": "", "note": "note: ", "broken": "BROKEN: "}[each.state]
        yield _filled(f"  {each.name:{WIDTH}}", mark + each.text)
        broken += [each.name] if each.state == "broken" else []
        notes += each.state == "note"
    seen = f" Notes: {notes}." if notes else ""
    yield f"\nBroken: {', '.join(broken)}.{seen}" if broken else f"\nAll that is needed works.{seen}"


def _filled(start: str, text: str) -> str:
    """Fills lines of the width of the terminal, but does not divide commands of pip, which may be copied."""
    whole = re.sub(r"pip install '[^']*'", lambda found: found[0].replace(" ", "\0"), text)
    lines = textwrap.fill(
        whole, shutil.get_terminal_size().columns, initial_indent=start, subsequent_indent=" " * len(start),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return lines.replace("\0", " ")


def as_json(findings: Iterable[Finding]) -> dict[str, Any]:
    """Returns section -> name -> text, and the names of what is broken.

    Example:

    >>> as_json([Finding("Machine", "CPU", "2 cores"), Finding("Versions", "keras", "expected >=3.13", "broken")])
    {'broken': ['keras'], 'notes': [], 'Machine': {'CPU': '2 cores'}, 'Versions': {'keras': 'expected >=3.13'}}
    """
    findings = list(findings)
    sections: dict[str, dict[str, Any]] = {}
    for each in findings:
        names = sections.setdefault(each.section, {})
        names[each.name] = f"{names[each.name]}; {each.text}" if each.name in names else each.text
    named = {state: [each.name for each in findings if each.state == state] for state in ("broken", "note")}
    return {"broken": named["broken"], "notes": named["note"], **sections}
