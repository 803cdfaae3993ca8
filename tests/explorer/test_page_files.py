"""The files of the page fit together, and ask no other host."""

import re

from keras_vae.explorer.page_files import IMPORT, one_script, page_files

SCRIPTS = {name: text for name, text in page_files().items() if name.endswith(".js")}


def top_level_names(text):
    return re.findall(r"^(?:export )?(?:async )?(?:const|let|class|function) (\w+)", text, re.MULTILINE)


def test_no_two_modules_have_a_name_in_common():
    names = [name for text in SCRIPTS.values() for name in top_level_names(text)]
    assert len(names) > 30 and len(names) == len(set(names))


def test_the_single_script_has_every_module_before_those_that_import_it():
    script = one_script()
    bodies = {name: re.sub(r"^export ", "", IMPORT.sub("", text), flags=re.MULTILINE) for name, text in SCRIPTS.items()}
    first = {name: script.index(body) for name, body in bodies.items()}
    for name, text in SCRIPTS.items():
        for imported in IMPORT.findall(text):
            assert first[imported] < first[name], f"{name} imports {imported}"
    assert not re.search(r"^(import|export)\b", script, re.MULTILINE)


def test_every_element_that_a_script_looks_for_is_there():
    page = page_files()["index.html"]
    ids = set(re.findall(r' id="([\w-]+)"', page))
    sought = {name for text in SCRIPTS.values() for name in re.findall(r'(?:byId|reveal)\("([\w-]+)"\)', text)}
    assert len(sought) > 30 and sought - {"data"} <= ids
    for attribute in ("aria-labelledby", "aria-describedby"):
        assert set(re.findall(rf'{attribute}="([\w-]+)"', page)) <= ids


def test_nothing_is_asked_of_another_host():
    for name, text in page_files().items():
        assert not re.search(r"(https?:)?//[\w.-]+\.\w+", re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE)), name
