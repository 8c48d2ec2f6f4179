"""What `%load_ext brain` loads: next to nothing."""

import subprocess
import sys

HEAVY = (
    "IPython.display",
    "brain.session",
    "ipywidgets",
    "jinja2",
    "pandas",
    "pyarrow",
    "pydantic",
    "sqlalchemy",
    "typer",
)
PROGRAM = """
import sys
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
before = set(sys.modules)
shell.run_line_magic("load_ext", "brain")
assert "brain" in shell.magics_manager.magics["line"]
print(*sorted(set(sys.modules) - before))
"""


def test_loading_the_extension_prints_nothing_and_loads_no_library() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    [loaded] = ended.stdout.splitlines()
    assert "brain.notebook.magics" in loaded.split()
    assert [name for name in loaded.split() if name in HEAVY] == []
    assert not ended.stderr
