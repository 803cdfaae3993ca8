"""The site of the documentation: its tutorials run, and it is built without a warning and needs no other host."""

import importlib
import re
import runpy
import subprocess
import sys
import time
from pathlib import Path

import pytest
from link_check import dead_links
from myst_nb.core.read import is_myst_markdown_notebook, read_myst_markdown_notebook
from own_process import run_file
from public import PACKAGES
from sphinx.util.inventory import InventoryFile

import keras_vae
from tests.browser import chromium, colour_scheme, errors, needs_chromium, serious_violations

DOCS = Path(keras_vae.__file__).parents[1] / "docs"
NOTEBOOKS = [page for page in sorted(DOCS.glob("[a-z]*/*.md")) if is_myst_markdown_notebook(page.read_text())]


def test_there_are_notebooks():
    assert len(NOTEBOOKS) > 3


@pytest.mark.slow
@pytest.mark.parametrize("page", NOTEBOOKS, ids=lambda page: page.stem)
def test_tutorials_run(page, tmp_path):
    """In a process of its own, as a tutorial may register parts."""
    cells = [cell for cell in read_myst_markdown_notebook(page.read_text()).cells if cell.cell_type == "code"]
    assert not any("raises-exception" in cell.metadata.get("tags", []) for cell in cells)
    (tmp_path / "tutorial.py").write_text("\n\n".join(cell.source for cell in cells))
    run_file(tmp_path / "tutorial.py")


def test_links_to_missing_pages_and_anchors_are_found(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "picture.png").touch()
    (tmp_path / "a" / "one.html").write_text(
        '<h1 id="here">One</h1> <a href="#here"></a> <a class="x" href="../two.html?q=1#%C3%A9"></a> <a href="#gone">'
        '</a> <a href="../two.html#here"></a> <img src="../picture.png"> <img alt="" src="no.png"> <a href="https://x.y#z">'
    )
    (tmp_path / "two.html").write_text('<h1 id="é">Two</h1> <a href="a/one.html"></a> <a href="three.html"></a>')
    found = ["a/one.html: #gone", "a/one.html: ../two.html#here", "a/one.html: no.png", "two.html: three.html"]
    assert dead_links(tmp_path) == found


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The site without the output of the tutorials, which the test above executes, and without the code of modules."""
    folder = tmp_path_factory.mktemp("site")
    extensions = [name for name in runpy.run_path(str(DOCS / "conf.py"))["extensions"] if name != "sphinx.ext.viewcode"]
    command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-D", "nb_execution_mode=off"]
    command += ["-D", f"extensions={','.join(extensions)}"]
    run = subprocess.run([*command, "-d", folder / "read", DOCS, folder / "html"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return folder / "html"


def reference(site):
    """The names in the reference."""
    with (site / "objects.inv").open("rb") as file:
        objects = InventoryFile.load(file, "", lambda _, path: path)
    return {name.removeprefix("keras_vae.") for kind in objects if kind.startswith("py:") for name in objects[kind]}


@pytest.mark.slow
@pytest.mark.xdist_group("site")
def test_the_reference_has_every_public_name(site):
    found = reference(site)
    names = {*keras_vae.__all__} - {*PACKAGES, "__version__"}
    for package in PACKAGES:
        own = importlib.import_module(f"keras_vae.{package}").__all__
        names |= {name if name in keras_vae.__all__ else f"{package}.{name}" for name in own}
    assert names <= found, names - found


@pytest.mark.slow
@pytest.mark.xdist_group("site")
def test_the_reference_has_every_name_that_a_page_links_to(site):
    texts = [page.read_text() for page in DOCS.rglob("*.md") if "_build" not in page.parts]
    links = [link for text in texts for link in re.findall(r"\{py:\w+\}`(?:[^`<]*<)?keras_vae\.([\w.]+)", text)]
    assert len(links) > 50 and not {*links} - reference(site)


@pytest.mark.slow
@pytest.mark.xdist_group("site")
def test_pages_load_nothing_from_other_hosts(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 50 and (site / "searchindex.js").exists()
    for page in pages:
        loaded = re.findall(r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=\"([^\"]+)\"", page.read_text())
        assert not [address for address in loaded if "//" in address.partition("?")[0]], page.name


@needs_chromium
@pytest.mark.slow
@pytest.mark.xdist_group("site")
def test_the_search_works_without_a_server(site):
    with chromium() as driver:
        driver.get(f"{(site / 'search.html').as_uri()}?q=free+bits")
        end = time.monotonic() + 60
        while not driver.find_elements("css selector", "#search-results a[href*='tutorials/weight.html']"):
            assert time.monotonic() < end, errors(driver)
            time.sleep(0.1)
        assert not errors(driver)


@needs_chromium
@pytest.mark.slow
@pytest.mark.xdist_group("site")
def test_axe_finds_no_serious_violation(site):
    with chromium() as driver:
        for page, scheme in {"index": "light", "tutorials/weight": "dark", "reference/bulk": "light"}.items():
            with colour_scheme(driver, scheme):
                driver.get((site / f"{page}.html").as_uri())
                assert serious_violations(driver) == [], page
