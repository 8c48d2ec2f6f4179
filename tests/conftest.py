"""Fixtures that all tests share: real services from wheels, one set a test process; fresh databases and projects."""

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from brain import embedded
from brain.embedded import postgres as embedded_postgres
from brain.embedded import redis as embedded_redis
from brain.language_models import WordLlamaEmbedder

REPOSITORY = Path(__file__).parents[1]
IDLE_MINUTES = 2
"""After which the services end by themselves where the test process was killed."""

# a busy machine is no failure
settings.register_profile("no clock", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("no clock")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # a shell without job control starts background commands so, and every process of the tests would inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # likewise, of nohup


@pytest.fixture(scope="session")
def services_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state folder of the services of this test process."""
    state_folder = tmp_path_factory.mktemp("services") / ".brain"
    yield state_folder
    clean_up(state_folder)


@pytest.fixture(scope="session")
def postgres(services_folder: Path) -> embedded_postgres.PostgresUrls:
    """An embedded PostgreSQL with pgvector: `admin_url`, `url` and `reader_url` for SQLAlchemy with psycopg 3."""
    return embedded_postgres.ensure(services_folder, idle_minutes=IDLE_MINUTES)


@pytest.fixture
def database_url(postgres: embedded_postgres.PostgresUrls) -> Iterator[str]:
    """A fresh empty database with the vector extension, owned by the ordinary role."""
    name = f"test_{uuid4().hex[:12]}"
    admin = postgres.admin_url.replace("+psycopg", "")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} OWNER brain")
    yield postgres.url.replace("@/brain?", f"@/{name}?")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def redis_url(services_folder: Path) -> str:
    """An embedded Redis, as a `unix://` URL; tests keep apart by their keys."""
    url = embedded_redis.ensure(services_folder, idle_minutes=IDLE_MINUTES)
    if url is None:
        pytest.skip("there is no Redis wheel for this platform")
    return url


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project folder with the repository's tools, which BRAIN_HOME names; what was started in it is stopped."""
    folder = tmp_path / "project"
    folder.mkdir()
    tools = REPOSITORY / "tools.json"
    (folder / "tools.json").write_text(tools.read_text() if tools.exists() else json.dumps({"tools": []}))
    monkeypatch.setenv("BRAIN_HOME", str(folder))
    yield folder
    clean_up(folder / ".brain")


def clean_up(state_folder: Path) -> None:
    """Stop what runs in a state folder, and remove what root keeps elsewhere for it."""
    embedded.stop_all(state_folder)
    embedded.release(state_folder)
    record = state_folder / "postgres.json"
    home = json.loads(record.read_text())["home"] if record.exists() else None
    if home:
        shutil.rmtree(home)


@pytest.fixture(scope="session")
def embedder() -> WordLlamaEmbedder:
    """The real one, which is there in a moment."""
    return WordLlamaEmbedder()
