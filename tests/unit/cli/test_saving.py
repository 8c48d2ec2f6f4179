"""What `brain show --save` writes into a folder, and that it writes nowhere else."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from brain.artifacts import ArtifactCodec, File, MemoryStore
from brain.cli.saving import save
from brain.errors import UsageError
from brain.session.run import Results

TABLE = pa.table({"shop": ["north"], "price": [20.0]})
CSV = "shop,price\nnorth,20.0\n"


def chart(name: str = "plot.png", content: bytes = b"pixels") -> File:
    return File(content, "image/png", name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "in" / "here"


def saved(folder: Path, **outputs: Any) -> dict[str, str]:
    """The files in the folder, and their texts, once these outputs were saved there."""
    codec = ArtifactCodec(MemoryStore())
    save(Results(codec.pack(outputs), codec), folder)
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def test_tables_become_csv_and_files_stay_as_they_are(folder: Path) -> None:
    assert saved(folder, table=TABLE, chart=chart()) == {"table.csv": CSV, "plot.png": "pixels"}


@pytest.mark.parametrize(
    ("name", "becomes"),
    [
        ("../../escaped", "escaped"), ("/etc/passwd", "etc-passwd"), ("..", "output"), (".profile", "profile"),
        ("-rf", "rf"), ("Regen im März?", "Regen-im-März"), ("a\n\x1b[2Kb", "a-2Kb"), ("x" * 300, "x" * 60),
    ],
)  # fmt: skip
def test_no_name_leads_out_of_the_folder(folder: Path, name: str, becomes: str) -> None:
    assert saved(folder, **{name: TABLE}) == {f"{becomes}.csv": CSV}
    assert saved(folder, file=chart(f"{name}.png"), **{name: TABLE}).keys() == {f"{becomes}.csv", f"{becomes}.png"}
    assert [path.name for path in folder.parents[1].iterdir()] == ["in"]
    assert [path.name for path in folder.parent.iterdir()] == ["here"]


def test_a_file_without_a_name_gets_one(folder: Path) -> None:
    assert saved(folder, first=chart(""), second=chart("/")).keys() == {"output", "output-2"}


def test_a_second_file_of_a_name_gets_a_number(folder: Path) -> None:
    files = [chart(content=content) for content in (b"one", b"two", b"three")]
    assert saved(folder, first=files[0], second=files[1], third=files[2], **{"a b": TABLE, "a/b": TABLE}) == {
        "plot.png": "one", "plot-2.png": "two", "plot-3.png": "three", "a-b.csv": CSV, "a-b-2.csv": CSV,
    }  # fmt: skip


def test_names_that_differ_in_case_alone_do_not_meet_where_a_disk_ignores_it(folder: Path) -> None:
    assert saved(folder, table=TABLE, Table=TABLE).keys() == {"table.csv", "Table-2.csv"}


def test_saving_again_replaces_what_was_saved_before(folder: Path) -> None:
    saved(folder, chart=chart(content=b"old"))
    assert saved(folder, chart=chart(content=b"new")) == {"plot.png": "new"}


def test_tables_and_files_inside_lists_and_mappings_are_found(folder: Path) -> None:
    found = saved(folder, cities=[TABLE, TABLE], pages={"front": TABLE, "more": [chart()]})
    assert found.keys() == {"cities-1.csv", "cities-2.csv", "pages-front.csv", "plot.png"}


def test_what_is_neither_table_nor_file_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved(folder, mean=12.5, pages=[TABLE, {"error": "gone"}], empty=[], nothing=None)
    said = capsys.readouterr().err.splitlines()
    assert said[0] == f"saved {folder / 'pages-1.csv'}"
    assert said[1:] == [
        "Not saved, being neither tables nor files: mean, pages-2-error, empty, nothing; --json has them."
    ]


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"The results could not be saved in .*file/here: Not a directory\."):
        saved(tmp_path / "file" / "here", table=TABLE)
