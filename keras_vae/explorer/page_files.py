"""The files of the page."""

import re
from functools import cache
from importlib.resources import files

TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w.]+)";\n', re.MULTILINE)


@cache
def page_files() -> dict[str, str]:
    """Returns name -> content of the files of the page.

    Example:

    >>> sorted(name for name in page_files() if not name.endswith(".js"))
    ['explorer.css', 'index.html']
    """
    folder = files("keras_vae.explorer").joinpath("page")
    return {
        entry.name: entry.read_text(encoding="utf-8")
        for entry in folder.iterdir()
        if entry.name.rpartition(".")[2] in TYPES
    }


def type_of(name: str) -> str:
    """Returns the media type of a file.

    Example:

    >>> type_of("main.js")
    'text/javascript'
    """
    return TYPES[name.rpartition(".")[2]]


def one_script(first: str = "main.js") -> str:
    """Returns the module `first` and all that it imports as one script, each module before those that import it.

    The modules import by name alone, and no two have a top-level name in common, so that no bundler is needed.

    Example:

    >>> "import " in one_script().splitlines()[0]
    False
    """
    scripts: dict[str, str] = {}

    def add(name):
        if name in scripts:
            return
        text = page_files()[name]
        scripts[name] = ""  # modules that import each other would be a mistake
        for imported in IMPORT.findall(text):
            add(imported)
        del scripts[name]
        scripts[name] = re.sub(r"^export ", "", IMPORT.sub("", text), flags=re.MULTILINE)

    add(first)
    return "\n".join(scripts.values())
