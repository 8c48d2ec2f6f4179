"""What a notebook imports, read from its cells."""

import pytest

from brain.notebook_runs.warm.imports import imported_by, shareable, worth_importing


def test_every_import_is_found_wherever_it_stands() -> None:
    cells = [
        "import pandas as pd, os\nfrom matplotlib import pyplot",
        "%matplotlib inline\n!ls\nif True:\n    import numpy.linalg",
        "def f():\n    from json import loads\n    from . import nothing\n    from .near import far",
        "this is no Python",
        "x = '''\nimport textual\n'''  # import commented",
    ]
    assert imported_by(cells) == ["pandas", "os", "matplotlib", "numpy.linalg", "json"]


def test_our_extension_is_an_import_too() -> None:
    assert "brain.notebook.magics" in imported_by(["  %load_ext brain\n"])
    assert imported_by(["%load_ext autoreload"]) == []


def test_what_the_project_has_may_change_and_is_not_shared(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "mine.py").write_text("")  # type: ignore[operator]
    wanted = ["mine", "pandas", "matplotlib_inline", "json", "sys", "brain.session.brain", "no_such_module"]
    assert shareable(wanted) == ["pandas", "json", "sys", "brain.session.brain"]


def test_what_libraries_import_once_they_are_used_is_imported_beforehand() -> None:
    assert "pyarrow.pandas_compat" in worth_importing(["import pandas as pd"])
    assert "matplotlib.backends.backend_agg" in worth_importing(["import matplotlib.pyplot as plt"])
    assert worth_importing(["import json"]) == ("json",)


def test_pandas_that_plots_brings_matplotlib_along() -> None:
    read_only, plotted = "import pandas as pd\nframe = pd.DataFrame()", "frame.plot(x='day')"

    assert "pandas.plotting._matplotlib" in worth_importing([read_only, plotted])
    assert "pandas.plotting._matplotlib" not in worth_importing([read_only, "plot = 3"])
    assert worth_importing(["axes.plot(days)"]) == ()
