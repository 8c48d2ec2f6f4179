"""Settings from `.env` and the environment, and what is never shown of them."""

import logging
import os
import re
from pathlib import Path

import pytest

from brain.config_secrets import (
    NEVER_REFERENCED,
    ProjectEnvironment,
    Redactor,
    SecretResolver,
    Settings,
    find_project,
    install_log_redaction,
    load_settings,
)
from brain.errors import SettingsError


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of the Brain's variables is set, and what `.env` files set is forgotten afterwards."""
    for name in [*Settings.model_fields, "brain_home", "shop_token"]:
        monkeypatch.setenv(name.upper(), "")
        monkeypatch.delenv(name.upper())


def settings(folder: Path, **overrides: object) -> Settings:
    return load_settings(folder, **overrides)


def test_without_any_setting_everything_runs_here(tmp_path: Path) -> None:
    found = settings(tmp_path)
    assert found.project == tmp_path
    assert found.database_url is found.redis_url is found.openai_api_key is found.brain_chat_model is None
    assert found.uses_embedded
    assert found.tools_file == tmp_path / "tools.json"
    assert found.artifacts_url == str(tmp_path / ".brain" / "artifacts")


def test_values_come_from_the_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "BRAIN_CHAT_MODEL=small\nBRAIN_MAX_PARALLEL = 5\nBRAIN_EMBEDDED=Off\nBRAIN_LOG_LEVEL=debug\n"
        "BRAIN_ALLOW_HOSTS=intranet.example.com, 10.0.0.0/8,\nOPENAI_API_KEY='sk-0123456789'\n"
    )
    found = settings(tmp_path)
    assert (found.brain_chat_model, found.brain_max_parallel, found.brain_log_level) == ("small", 5, "DEBUG")
    assert found.brain_allow_hosts == ("intranet.example.com", "10.0.0.0/8")
    assert not found.uses_embedded
    assert found.openai_api_key is not None
    assert found.openai_api_key.get_secret_value() == "sk-0123456789"
    assert "sk-0123456789" not in repr(found)


def test_the_environment_wins_over_the_file_and_arguments_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("BRAIN_CHAT_MODEL=file\nBRAIN_EMBEDDING_MODEL=file\nBRAIN_TOOLS=file.json\n")
    monkeypatch.setenv("BRAIN_CHAT_MODEL", "environment")
    monkeypatch.setenv("BRAIN_EMBEDDING_MODEL", "environment")
    found = settings(tmp_path, brain_chat_model="argument", brain_tools=None)
    assert (found.brain_chat_model, found.brain_embedding_model) == ("argument", "environment")
    assert found.tools_file == tmp_path / "file.json"


def test_places_stand_relative_to_the_project_wherever_a_command_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    found = settings(tmp_path, brain_tools=Path("more/tools.json"), brain_artifacts_url="kept")
    assert (found.tools_file, found.artifacts_url) == (tmp_path / "more/tools.json", str(tmp_path / "kept"))
    found = settings(tmp_path, brain_tools=Path("/etc/tools.json"), brain_artifacts_url="/srv/kept")
    assert (found.tools_file, found.artifacts_url) == (Path("/etc/tools.json"), "/srv/kept")
    found = settings(tmp_path, brain_tools=Path("~/tools.json"), brain_artifacts_url="~/kept")
    assert (found.tools_file, found.artifacts_url) == (tmp_path / "home/tools.json", str(tmp_path / "home/kept"))
    for url in ("s3://bucket/brain", "memory://here", "simplecache::s3://bucket/brain"):
        assert settings(tmp_path, brain_artifacts_url=url).artifacts_url == url


def test_each_project_of_a_process_has_its_own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        text = f"BRAIN_CHAT_MODEL={folder.name}\nSHOP_TOKEN=token-{folder.name}\nBRAIN_EMBEDDING_MODEL=file\n"
        (folder / ".env").write_text(text)
    (one / ".env").write_text((one / ".env").read_text() + "BRAIN_MAX_PARALLEL=5\n")
    monkeypatch.setenv("BRAIN_EMBEDDING_MODEL", "environment")

    first, of_one = settings(one), ProjectEnvironment(one)
    second, of_two = settings(two), ProjectEnvironment(two)

    assert (first.brain_chat_model, first.brain_max_parallel) == ("one", 5)
    assert (second.brain_chat_model, second.brain_max_parallel) == ("two", 32)
    assert second.brain_embedding_model == "environment"
    assert os.environ["SHOP_TOKEN"] == "token-two"
    tokens = {SecretResolver(environment).resolve("SHOP_TOKEN") for environment in (of_one, of_two)}
    assert tokens == {"token-one", "token-two"}
    assert "BRAIN_MAX_PARALLEL" in set(of_one) - set(of_two)
    assert [of_one.is_written(name) for name in ("SHOP_TOKEN", "BRAIN_EMBEDDING_MODEL", "HOME")] == [True, False, False]
    monkeypatch.setenv("SHOP_TOKEN", "set by hand")
    assert of_one["SHOP_TOKEN"] == of_two["SHOP_TOKEN"] == "set by hand"


def test_an_edited_file_counts_from_the_next_load(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("BRAIN_CHAT_MODEL=small\nBRAIN_MAX_PARALLEL=5\n")
    settings(tmp_path)
    (tmp_path / ".env").write_text("BRAIN_CHAT_MODEL=large\n")
    found = settings(tmp_path)
    assert (found.brain_chat_model, found.brain_max_parallel) == ("large", 32)


@pytest.mark.parametrize("blank", ["", "   ", "\t"])
def test_a_blank_value_counts_as_not_set(blank: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields.keys() - {"project"}:
        monkeypatch.setenv(name.upper(), blank)
    assert settings(tmp_path) == settings(tmp_path, brain_chat_model=blank) == Settings(project=tmp_path)


def test_a_blank_variable_switches_off_what_the_file_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("DATABASE_URL=postgresql://user:word@host/db\n")
    monkeypatch.setenv("DATABASE_URL", "")
    assert settings(tmp_path).database_url is None


WRONG = {
    "BRAIN_MAX_PARALLEL": [("many", "integer"), ("0", "greater than or equal to 1"), ("1001", "less than or equal")],
    "BRAIN_IDLE_MINUTES": [("-1", "greater than 0"), ("soon", "number"), ("nan", "finite"), ("inf", "finite")],
    "BRAIN_EVENT_TTL_HOURS": [("0", "greater than 0")],
    "BRAIN_EMBEDDED": [("yes", "'on' or 'off'")],
    "BRAIN_ROBOTS": [("maybe", "'on' or 'off'")],
    "BRAIN_HOST_INTERVAL": [
        ("-1", "greater than or equal to 0"),
        ("61", "less than or equal to 60"),
        ("soon", "number"),
    ],
    "BRAIN_PROGRESS": [("colourful", "'auto', 'widget', 'html', 'bars', 'plain' or 'off'")],
    "BRAIN_LOG_LEVEL": [("chatty", "'DEBUG', 'INFO', 'WARNING' or 'ERROR'")],
}


@pytest.mark.parametrize(("name", "value", "takes"), [(n, v, t) for n, cases in WRONG.items() for v, t in cases])
def test_a_wrong_value_names_the_variable_what_it_got_and_what_it_takes(
    name: str, value: str, takes: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{name} is {value!r}: ")
    assert takes in line
    assert line.endswith(". Set it in .env or the environment (.env.example explains it).")


WRONG_SECRETS = {
    "DATABASE_URL": [
        ("mysql://user:hunter2@host/db", "takes postgresql://user:password@host:5432/database"),
        ("user:hunter2@host/db", "takes postgresql://"),
        ("postgres://user:hunter2@pool.example.com:6543/postgres", "port 6543 is the transaction pooler"),
        ("postgresql://user:hunter2@localhost:notaport/x", "cannot be read (is the port a number?): takes postgresql:"),
        ("postgresql://user:hunter2@localhost:70000/x", "cannot be read (is the port a number?): takes postgresql:"),
    ],
    "DATABASE_READER_URL": [("sqlite:///hunter2.db", "takes postgresql://")],
    "REDIS_URL": [
        ("https://user:hunter2@host", "takes redis://, rediss:// or unix:// and the address, or the word off"),
        ("redis://:hunter2@localhost:notaport", "cannot be read (is the port a number?): takes redis://user:password@"),
    ],
}


@pytest.mark.parametrize(
    ("name", "value", "takes"), [(n, v, t) for n, cases in WRONG_SECRETS.items() for v, t in cases]
)
def test_a_wrong_secret_is_named_but_never_shown(
    name: str, value: str, takes: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path)
    assert str(caught.value).startswith(f"{name} is a value that is not shown: {takes}")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAIN_EMBEDDED", "maybe")
    monkeypatch.setenv("REDIS_URL", "tcp://host")
    monkeypatch.setenv("BRAIN_MAX_PARALLEL", "none")
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path)
    named = {line.partition(" ")[0] for line in str(caught.value).splitlines()}
    assert named == {"BRAIN_EMBEDDED", "REDIS_URL", "BRAIN_MAX_PARALLEL"}
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("content", [b"BRAIN_CHAT_MODEL=caf\xe9\n", b"\xff\xfeB\x00"])
def test_an_env_file_that_is_no_text_is_one_clear_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(content)
    with pytest.raises(SettingsError, match=r"\.env cannot be read: it is not UTF-8 text\."):
        settings(tmp_path)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_database_urls_are_brought_to_one_driver(scheme: str, tmp_path: Path) -> None:
    found = settings(tmp_path, database_url=f" {scheme}://user:p%40ss@host:5432/db?sslmode=require ")
    assert found.database_url is not None
    assert found.database_url.get_secret_value() == "postgresql+psycopg://user:p%40ss@host:5432/db?sslmode=require"


POOLED = [
    "u:p@h:6543/db",
    "u:p@h:6543",
    "u:p@h:6543?sslmode=require",
    "h:6543/db",
    "u:p@h:5432,i:6543/db",
    "u@/db?host=h&port=6543",
]
DIRECT = [
    "u:p@h:5432/db",
    "u:6543@h:5432/db",
    "6543:p@h/db",
    "u:p@h/6543",
    "u:p@h:16543/db",
    "u:p@h:65432/db",
    "u@/d?host=/tmp",
    "u:p/w#o?r%40d@h:5432/db",
]


@pytest.mark.parametrize("rest", POOLED)
def test_the_transaction_poolers_port_is_refused_with_the_way_out(rest: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="take the direct URL, port 5432"):
        settings(tmp_path, database_url=f"postgresql://{rest}")


@pytest.mark.parametrize("rest", DIRECT)
def test_other_ports_passwords_and_names_are_not_mistaken_for_it(rest: str, tmp_path: Path) -> None:
    assert settings(tmp_path, database_url=f"postgresql://{rest}").database_url is not None


@pytest.mark.parametrize("url", ["redis://h:6379", "rediss://:p@h", "unix:///tmp/redis.sock", "off"])
def test_redis_is_an_address_or_off(url: str, tmp_path: Path) -> None:
    found = settings(tmp_path, redis_url=url)
    assert found.redis_url is not None
    assert found.redis_url.get_secret_value() == url


def test_the_project_is_where_the_tools_or_the_state_are_upward_from_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / "work" / "notebooks" / "deep"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert find_project() == deep, "nothing marks a project, so this folder is one"
    (tmp_path / "work" / ".brain").mkdir()
    assert find_project() == tmp_path / "work"
    (tmp_path / "work" / "notebooks" / "tools.json").write_text("{}")
    assert find_project() == tmp_path / "work" / "notebooks", "the nearest one counts"


def test_brain_home_names_the_project_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "tools.json").write_text("{}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRAIN_HOME", "home")
    assert find_project() == tmp_path / "home"
    monkeypatch.setenv("BRAIN_HOME", "~/elsewhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_project() == tmp_path / "elsewhere"


@pytest.mark.parametrize("kind", ["nothing", "a file"])
def test_a_project_that_is_no_folder_is_refused_and_not_made(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "wether"
    if kind == "a file":
        place.touch()
    with pytest.raises(SettingsError, match=rf"The project is to be {place}, where no folder is: make it first"):
        load_settings(place)
    monkeypatch.setenv("BRAIN_HOME", str(place))
    with pytest.raises(SettingsError, match=rf"BRAIN_HOME names {place}, where no folder is"):
        load_settings()
    assert not place.is_dir()


@pytest.mark.parametrize("name", sorted(NEVER_REFERENCED))
def test_what_the_brain_lives_on_is_never_given_to_a_tool(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} belongs to the Brain itself"):
        SecretResolver({name: "a-value"}).resolve(name)


def test_a_secret_comes_from_the_environment_or_is_told_to_be_missing() -> None:
    assert SecretResolver({"SHOP_TOKEN": "tok"}).resolve("SHOP_TOKEN") == "tok"
    for environment in ({}, {"SHOP_TOKEN": ""}):
        with pytest.raises(SettingsError, match=r"SHOP_TOKEN is not set: add SHOP_TOKEN=\.\.\. to \.env"):
            SecretResolver(environment).resolve("SHOP_TOKEN")


def test_each_secret_is_shown_as_its_reference() -> None:
    redactor = Redactor({"SHOP_TOKEN": "tok-123456", "API_KEY": "key.with+signs"})
    assert redactor.text("a tok-123456, a key.with+signs") == "a ${secret:SHOP_TOKEN}, a ${secret:API_KEY}"
    assert redactor.text("keyXwith+signs") == "keyXwith+signs"


def test_secrets_inside_each_other_and_overlapping_leave_nothing() -> None:
    redactor = Redactor({"SHORT": "abcdef", "LONG": "abcdefghi", "OTHER": "ghijkl"})
    assert redactor.text("<abcdefghi>") == "<${secret:LONG}>"
    assert redactor.text("<abcdef>") == "<${secret:SHORT}>"
    assert redactor.text("<abcdefghijkl>") == "<${secret:LONG}>"
    assert redactor.text("abcdefabcdef") == "${secret:SHORT}${secret:SHORT}"
    assert not re.search("[jkl]", redactor.text("xabcdefghijkly").replace("secret", ""))


def test_a_secret_too_short_to_tell_from_a_word_is_left() -> None:
    redactor = Redactor({"PIN_KEY": "12345", "EMPTY_KEY": ""})
    assert redactor.text("12345 is a number") == "12345 is a number"
    assert redactor.value({"a": ["12345"]}) == {"a": ["12345"]}


def test_secrets_are_found_in_keys_and_at_any_depth_of_a_value() -> None:
    redactor = Redactor({"SHOP_TOKEN": "tok-123456"})
    value = {"tok-123456": [{"header": ("Bearer tok-123456", 5, None, True)}], "n": 1.5}
    assert redactor.value(value) == {
        "${secret:SHOP_TOKEN}": [{"header": ["Bearer ${secret:SHOP_TOKEN}", 5, None, True]}],
        "n": 1.5,
    }


def test_what_looks_secret_in_the_file_and_the_environment_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("SMTP_PASSWORD=from-the-file\nPLAIN=an-ordinary-value\nBOUND=named-by-a-tool\n")
    monkeypatch.setenv("GITHUB_TOKEN", "from-the-environment")
    redactor = Redactor.of_environment(tmp_path, ["BOUND"])
    text = redactor.text("from-the-file from-the-environment an-ordinary-value named-by-a-tool")
    assert text == "${secret:SMTP_PASSWORD} ${secret:GITHUB_TOKEN} an-ordinary-value ${secret:BOUND}"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://user:s3cret-word@host/db", "s3cret-word"),
        ("postgresql://user:p%40ss%2Fword@host/db", "p@ss/word"),
        ("postgresql://user:p%40ss%2Fword@host/db", "p%40ss%2Fword"),
        ("rediss://:s3cret-word@host", "s3cret-word"),
    ],
)
def test_the_password_in_a_url_is_a_secret_by_itself(
    url: str, shown: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY" if url.startswith("rediss") else "DATABASE_URL", url)
    told = Redactor.of_environment(tmp_path).text(f'FATAL: password "{shown}" was refused')
    assert shown not in told
    assert "_PASSWORD" in told


def test_a_password_that_is_just_the_users_name_hides_no_ordinary_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://postgres:postgres@localhost/postgres")
    assert Redactor.of_environment(tmp_path).text("postgres answers") == "postgres answers"


@pytest.fixture
def redacted_log(caplog: pytest.LogCaptureFixture):
    """A log in which `tok-123456` is known to be a secret."""
    before = logging.getLogRecordFactory()
    install_log_redaction(Redactor({"SHOP_TOKEN": "tok-123456"}))
    with caplog.at_level(logging.DEBUG):
        yield caplog
    logging.setLogRecordFactory(before)


def test_no_log_record_shows_a_secret(redacted_log: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("a-library")
    log.info("a token tok-123456")
    log.info("a token %s", "tok-123456")
    log.info("a mapping %(token)s", {"token": "tok-123456"})
    try:
        int("tok-123456")
    except ValueError:
        log.exception("it failed with %s", ["tok-123456"])
    log.info("here", stack_info=True)
    assert "tok-123456" not in redacted_log.text
    assert redacted_log.text.count("${secret:SHOP_TOKEN}") >= 5
    assert "ValueError: invalid literal for int() with base 10: '${secret:SHOP_TOKEN}'" in redacted_log.text
    assert all(not record.args and record.exc_info is None for record in redacted_log.records)


def test_a_log_call_with_wrong_arguments_is_logged_not_raised(redacted_log: pytest.LogCaptureFixture) -> None:
    wrong = "%d pieces of %s"
    logging.getLogger("a-library").info(wrong, "tok-123456")
    assert wrong in redacted_log.text
    assert "tok-123456" not in redacted_log.text


def test_redaction_is_installed_once_with_the_newest_secrets(redacted_log: pytest.LogCaptureFixture) -> None:
    for number in range(3):
        install_log_redaction(Redactor({"SHOP_TOKEN": f"token-number-{number}"}))
    logging.getLogger("a-library").info("token-number-1 token-number-2")
    assert redacted_log.messages == ["token-number-1 ${secret:SHOP_TOKEN}"]
