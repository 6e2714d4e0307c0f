"""How the documentation is built: `make docs`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]

import rnnlab  # noqa: E402

project = "rnnlab"
author = "the rnnlab developers"
copyright = "the rnnlab developers, MIT licence"  # noqa: A001
version = release = rnnlab.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx_click",
    "sphinx_copybutton",
    "sphinx_design",
    "commands",
    "docstrings",
    "drawn",
    "mathml",
]
exclude_patterns = ["_build"]
nitpicky = True
smartquotes = False  # a prime is no quotation mark, and --store has two hyphens
default_role = "code"  # in docstrings `x` is code, as it is in Markdown

autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "undoc-members": True}
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88

myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "deflist", "dollarmath", "fieldlist"]
myst_heading_anchors = 4

nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 600  # kernels may have to be compiled first
nb_execution_show_tb = True
nb_execution_in_temp = True
nb_merge_streams = True

html_theme = "furo"
html_title = "rnnlab"
html_math_renderer = "mathml"
html_static_path = ["_static"]
html_css_files = ["rnnlab.css"]
html_show_sphinx = False
html_copy_source = False
copybutton_prompt_text = r"\$ |>>> |\.\.\. "
copybutton_prompt_is_regexp = True

# Code cells run where they can find this tree, draw without a screen, and leave no file behind.
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
