import shutil
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest

from brain.embedded.state import Record, drop_socket_folder, open_state_folder, socket_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Note(Record):
    text: str


def note_in(state_folder: Path) -> Note:
    open_state_folder(state_folder)
    note = Note(origin=Record.origin_of(state_folder), text="hello")
    note.write(state_folder / "note.json")
    return note


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_state_folder_is_private_and_git_leaves_it_alone(tmp_path: Path) -> None:
    (tmp_path / ".brain").mkdir(mode=0o755)
    open_state_folder(tmp_path / ".brain")
    assert mode(tmp_path / ".brain") == 0o700
    assert (tmp_path / ".brain" / ".gitignore").read_text() == "*\n"


def test_a_record_is_read_as_it_was_written_and_only_by_its_owner(tmp_path: Path) -> None:
    note = note_in(tmp_path / ".brain")
    assert Note.read(tmp_path / ".brain" / "note.json") == note
    assert mode(tmp_path / ".brain" / "note.json") == 0o600
    assert sorted(path.name for path in (tmp_path / ".brain").iterdir()) == [".gitignore", "note.json"]


@pytest.mark.parametrize(
    "content", ["", '{"origin": "1:', "[]", '{"origin": "1:/x"}', '{"text": 1, "more": 2}', "\x00\xff"]
)
def test_a_damaged_record_is_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "note.json").write_text(content)
    assert Note.read(tmp_path / "note.json") is None


def test_a_missing_record_is_none(tmp_path: Path) -> None:
    assert Note.read(tmp_path / "nowhere" / "note.json") is None


def test_a_copied_project_does_not_use_the_records_of_the_original(tmp_path: Path) -> None:
    note_in(tmp_path / "original" / ".brain")
    shutil.copytree(tmp_path / "original", tmp_path / "copy")
    assert Note.read(tmp_path / "copy" / ".brain" / "note.json") is None


def test_a_moved_project_keeps_its_records(tmp_path: Path) -> None:
    note = note_in(tmp_path / "before" / ".brain")
    (tmp_path / "before").rename(tmp_path / "after")
    assert Note.read(tmp_path / "after" / ".brain" / "note.json") == note


def test_a_restored_project_keeps_its_records(tmp_path: Path) -> None:
    note = note_in(tmp_path / "original" / ".brain")
    shutil.copytree(tmp_path / "original", tmp_path / "backup")
    shutil.rmtree(tmp_path / "original")
    assert Note.read(tmp_path / "backup" / ".brain" / "note.json") == note


def owner(path: Path) -> int:
    return path.stat().st_uid


def test_sockets_stay_in_the_project_where_its_path_is_short(tmp_path: Path) -> None:
    assert socket_folder(tmp_path / "sockets", None, owner(tmp_path)) == tmp_path / "sockets"
    assert mode(tmp_path / "sockets") == 0o700
    assert list((tmp_path / "sockets").iterdir()) == []


@pytest.mark.parametrize("name", ["d" * 100, "a,b"], ids=["too long for a socket", "a comma separates hosts"])
def test_sockets_of_an_awkward_path_get_a_short_private_folder_and_keep_it(tmp_path: Path, name: str) -> None:
    awkward = tmp_path / name
    awkward.mkdir()
    short = socket_folder(awkward / "sockets", None, owner(tmp_path))
    assert len(str(short)) < 30
    assert mode(short) == 0o700
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(short / ".s.PGSQL.5432"))
    assert socket_folder(awkward / "sockets", str(short), owner(tmp_path)) == short
    drop_socket_folder(short)
    assert not short.exists()
    assert socket_folder(awkward / "sockets", str(short), owner(tmp_path)) == short  # made again
    drop_socket_folder(short)


def test_a_folder_that_others_can_enter_is_not_used_for_sockets(tmp_path: Path) -> None:
    awkward = tmp_path / ("d" * 100)
    awkward.mkdir()
    trap = tmp_path / "trap"
    trap.mkdir()
    trap.chmod(0o777)
    link = tmp_path / "link"
    link.symlink_to(awkward)
    for kept in (trap, link):
        short = socket_folder(awkward / "sockets", str(kept), owner(tmp_path))
        assert short not in (trap, link)
        drop_socket_folder(short)


def test_folders_of_a_project_are_not_dropped(tmp_path: Path) -> None:
    drop_socket_folder(tmp_path)
    assert tmp_path.is_dir()
