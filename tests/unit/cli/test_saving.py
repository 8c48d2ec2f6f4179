"""What `brain show --save` writes into a folder, and that it writes nowhere else."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from brain.artifacts import ArtifactCodec, File, MemoryStore
from brain.cli.saving import look, make_ready, write
from brain.errors import UsageError
from brain.session.run import Results

TABLE = pa.table({"shop": ["north"], "price": [20.0]})
CSV = "shop,price\nnorth,20.0\n"


def chart(name: str = "plot.png", content: bytes = b"pixels") -> File:
    return File(content, "image/png", name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "in" / "here"


def saved(folder: Path, *, overwrite: bool = False, **outputs: Any) -> dict[str, str]:
    """The files in the folder, and their texts, once these outputs were saved there."""
    codec = ArtifactCodec(MemoryStore())
    make_ready(Results(codec.pack(outputs), codec), folder, overwrite=overwrite).save()
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


def test_saving_the_same_again_is_fine_and_something_else_replaces_only_what_one_says(folder: Path) -> None:
    before = saved(folder, table=TABLE, chart=chart(content=b"old"))
    assert saved(folder, table=TABLE, chart=chart(content=b"old")) == before
    with pytest.raises(UsageError, match=r"plot\.png exists already with other content, and nothing was written: .*"):
        saved(folder, first=TABLE, chart=chart(content=b"new"))
    assert {path.name: path.read_text() for path in folder.iterdir()} == before
    assert saved(folder, overwrite=True, chart=chart(content=b"new")) == {**before, "plot.png": "new"}


def test_every_file_that_is_in_the_way_is_named(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in ("plot.png", "table.csv"):
        (folder / name).write_text("precious")
    with pytest.raises(UsageError, match=r"/table\.csv, \S+/plot\.png exist already .* --overwrite to replace them\."):
        saved(folder, table=TABLE, chart=chart())


def test_of_two_texts_neither_is_written_where_one_would_replace_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    free, taken = tmp_path / "free", tmp_path / "taken"
    taken.write_text("my hand edits")
    with pytest.raises(UsageError, match="taken exists already with other content"):
        write([(free, "one"), (taken, "two")])
    assert (free.exists(), taken.read_text(), capsys.readouterr().err) == (False, "my hand edits", "")
    write([(free, "one"), (taken, "two")], overwrite=True)
    write([(free, "one")])
    assert (free.read_text(), taken.read_text()) == ("one", "two")
    assert capsys.readouterr().err == f"saved {free}\nsaved {taken}\nsaved {free}\n"


def test_what_is_sure_to_be_refused_is_refused_before_the_work(tmp_path: Path) -> None:
    taken, empty = tmp_path / "taken", tmp_path / "empty"
    taken.write_text("my hand edits")
    empty.touch()
    for path, begins in ((taken, "my hand"), (empty, "<svg"), (tmp_path / "free", "<svg"), (Path("/dev/null"), "<svg")):
        look(path, begins, overwrite=False)
    look(taken, "<svg", overwrite=True)
    with pytest.raises(UsageError, match="taken exists already with other content"):
        look(taken, "<svg", overwrite=False)
    with pytest.raises(UsageError, match=r"no/such could not be written: No such file or directory\."):
        look(tmp_path / "no" / "such", "<svg", overwrite=True)


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
