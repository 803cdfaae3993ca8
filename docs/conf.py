"""The configuration of the documentation's site, which `./scripts/docs` builds with Sphinx."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from keras_vae import __version__

project, author, copyright = "keras_vae", "The keras_vae developers", "The keras_vae developers"
version = release = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
    "api_pages",
    "model_pages",
    "docstrings",
    "mathml",
    "link_check",
]
exclude_patterns = ["_build", "_extensions", "README.md"]

html_theme = "furo"
html_title, html_favicon = "keras_vae", "_static/favicon.svg"
html_static_path = ["_static"]
html_css_files, html_js_files = ["site.css"], ["site.js"]
html_search_scorer = str(Path(__file__).parent / "_extensions" / "scorer.js")
html_theme_options = {"navigation_with_keys": True}
html_copy_source = html_show_sphinx = False
html_math_renderer = "mathml"
copybutton_exclude = ".linenos, .gp, .go"

# ./scripts/docs --links: hosts that are examples, and publishers that answer no program.
linkcheck_ignore = [
    r"https?://(127\.0\.0\.1|localhost|host|a|serving\.example|hub\.example\.org)\b",
    r"https?://(doi\.org|openreview\.net)/",
]
linkcheck_anchors = False
linkcheck_timeout, linkcheck_workers = 20, 8

# Pages are Markdown; tutorials are notebooks in Markdown, executed when the site is built and kept until they change.
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_cache_path = str(Path(__file__).parent / "_build" / "notebooks")
nb_execution_in_temp = True
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_output_stderr = "remove"
nb_merge_streams = True

# A name in single backticks becomes a link where it is a public name, and code where it is not.
default_role = "py:obj"
add_module_names = False
toc_object_entries_show_parents = "hide"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_custom_sections = [("Call arguments", "params_style"), "Reference", "References"]
suppress_warnings = ["misc.highlighting_failure"]
