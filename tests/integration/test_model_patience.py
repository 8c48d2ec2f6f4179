"""A model server that is busy, slow or broken, over a real socket through the real client."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import pytest
from openai import _constants as client
from scripted_openai import Answer, Asked, ScriptedOpenAI, drops, fails, hangs, says, says_json

from brain.errors import ModelError, ModelSilent
from brain.language_models import Account, ChatEndpoint, MeteredChat, OpenAIChat, patience
from brain.language_models.failures import LONGEST_REST
from brain.runs import Spending


def chat(base_url: str) -> OpenAIChat:
    async def endpoint() -> ChatEndpoint:
        return ChatEndpoint("gpt-scripted", "sk-scripted", base_url, 4096)

    return OpenAIChat("gpt-scripted", 4096, endpoint)


class Clock:
    """Answers in turn, and keeps when it was asked."""

    def __init__(self, *answers: Answer) -> None:
        self._answers = list(answers)
        self.times: list[float] = []

    def __call__(self, _asked: Asked) -> Answer:
        self.times.append(time.monotonic())
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    @property
    def waits(self) -> list[float]:
        return [later - earlier for earlier, later in pairwise(self.times)]


@pytest.fixture(autouse=True)
def patient(server: ScriptedOpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client asks again, as it does outside of tests."""
    monkeypatch.setattr(patience, "TRANSPORT_RETRIES", 2)


async def test_a_busy_server_is_asked_again_after_the_seconds_that_it_says(server: ScriptedOpenAI) -> None:
    clock = Clock(fails(429, "Slow down", Retry_After="1"), says("At last."))
    server.script(clock)
    assert (await chat(server.base_url).complete("Hello")).text == "At last."
    assert 1 <= clock.waits[0] < 2


async def test_a_busy_server_is_asked_again_at_the_moment_that_it_says(server: ScriptedOpenAI) -> None:
    at = datetime.now(UTC) + timedelta(seconds=3)
    clock = Clock(fails(503, "Busy", Retry_After=format_datetime(at, usegmt=True)), says_json({}))
    server.script(clock)
    await chat(server.base_url).structured("Hello", {"type": "object", "properties": {}})
    assert 1.5 < clock.waits[0] < 4


async def test_a_person_is_told_of_the_wait(server: ScriptedOpenAI) -> None:
    server.script(fails(429, "Slow down", Retry_After="1"), fails(500, "Oh no", Retry_After="0"), says("At last."))
    told: list[str] = []
    account = Account()
    await MeteredChat(chat(server.base_url), account, told.append).complete("Hello")
    assert told == [
        "gpt-scripted is busy (status 429), asking again in 1 s",
        "gpt-scripted is busy (status 500), asking again",
    ]
    assert account.spent == Spending(10, 5, None), "only the answer is paid for"


async def test_a_rest_that_is_too_long_to_wait_for_is_told_with_the_time_to_come_back(server: ScriptedOpenAI) -> None:
    server.script(fails(429, "Slow down", Retry_After="600"))
    told: list[str] = []
    with pytest.raises(ModelError) as caught:
        await MeteredChat(chat(server.base_url), Account(), told.append).complete("Hello")
    at = datetime.now(UTC) + timedelta(seconds=600)
    near = {f"{at - timedelta(seconds=ago):%H:%M:%S}" for ago in range(5)}
    said, _, when = str(caught.value).partition(": try again after ")
    assert said == "The model gpt-scripted answered with status 429: Slow down; it asks to be left alone for 600 s"
    assert when.removesuffix(" UTC.") in near
    assert caught.value.transient
    assert (len(server.asked), told) == (1, [])


@pytest.mark.parametrize("headers", [{"x_should_retry": "false"}, {"retry_after_ms": "600000"}])
async def test_where_the_server_or_the_client_says_no_nobody_is_told_of_another_try(
    server: ScriptedOpenAI, headers: dict[str, str]
) -> None:
    server.script(fails(503, "Closed", **headers))
    told: list[str] = []
    with pytest.raises(ModelError):
        await MeteredChat(chat(server.base_url), Account(), told.append).complete("Hello")
    assert (len(server.asked), told) == (1, [])


def test_the_longest_rest_is_that_of_the_client() -> None:
    assert (LONGEST_REST, patience.BACKOFF_SECONDS) == (client.MAX_RETRY_AFTER_DELAY, client.MAX_RETRY_DELAY)


@pytest.mark.parametrize(
    ("answer", "times", "transient"),
    [
        (fails(500, "Oh no"), 3, True),
        (fails(429, "Slow down"), 3, True),
        (fails(400, "No"), 1, False),
        (drops(), 3, True),
    ],
    ids=["broken", "busy", "wrong", "hung up"],
)
async def test_what_may_pass_is_tried_three_times(
    server: ScriptedOpenAI, answer: Answer, times: int, transient: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    server.script(answer)
    with pytest.raises(ModelError) as caught:
        await chat(server.base_url).complete("Hello")
    assert (len(server.asked), caught.value.transient) == (times, transient)


async def test_an_answer_that_does_not_come_is_given_up_and_not_asked_for_again(
    server: ScriptedOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "CHAT_TIMEOUT", 0.2)
    server.script(hangs(5))
    began = time.monotonic()
    with pytest.raises(ModelSilent, match=r"did not answer within 0\.2 s; try again later\."):
        await chat(server.base_url).complete("Hello")
    assert (len(server.asked), time.monotonic() - began < 2) == (1, True)


async def test_the_wait_of_a_busy_server_is_no_part_of_its_time(
    server: ScriptedOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "CHAT_TIMEOUT", 0.8)
    server.script(fails(429, "Slow down", Retry_After="1"), says("At last."))
    assert (await chat(server.base_url).complete("Hello")).text == "At last."


async def test_an_answer_that_never_ends_is_given_up_although_bytes_keep_coming(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "CHAT_TIMEOUT", 0.5)
    with dripping() as base_url:
        async with asyncio.timeout(5):
            with pytest.raises(ModelSilent, match=r"did not answer within 0\.5 s"):
                await chat(base_url).complete("Hello")


@contextmanager
def dripping() -> Iterator[str]:
    """A server that begins an answer and sends a blank every 50 ms from then on."""
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            taken, _ = listening.accept()
            with taken:
                taken.recv(65_536)
                taken.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n")
                while not stop.wait(0.05):
                    try:
                        taken.sendall(b" ")
                    except OSError:
                        return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        stop.set()
        thread.join()


async def test_a_question_that_was_given_up_counts_at_its_most(
    server: ScriptedOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "CHAT_TIMEOUT", 0.2)
    server.script(hangs(5))
    account = Account()
    with pytest.raises(ModelSilent):
        await MeteredChat(chat(server.base_url), account).complete("Hello", max_tokens=70)
    assert account.spent == Spending()
    assert account.at_most.tokens_out == 70


async def test_a_server_that_tells_no_usage_is_counted_by_an_estimate(server: ScriptedOpenAI) -> None:
    server.script(says("It rains in Bergen.", tokens=(0, 0)))
    account = Account()
    await MeteredChat(chat(server.base_url), account).complete("Weather in Bergen? " * 20)
    assert 60 < account.spent.tokens_in < 300
    assert 0 < account.spent.tokens_out < 100
