"""The chat model and the embedder as an OpenAI-compatible server meets them, over a real socket."""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest
from scripted_openai import Answer, ScriptedOpenAI, drops, embeds, fails, hangs, raw, says, says_json

from brain.errors import AnswerMisfit, ModelError
from brain.language_models import (
    DIMENSIONS,
    Account,
    ChatEndpoint,
    MeteredChat,
    OpenAIChat,
    OpenAIEmbedder,
    WordLlamaEmbedder,
    patience,
)
from brain.language_models.chat import REASONING_TOKENS
from brain.runs import Spending

KEY = "sk-scripted-0123456789"
SCHEMA = {"type": "object", "properties": {"city": {"enum": ["Oslo", "Bergen"]}}, "required": ["city"]}


@pytest.fixture(scope="module")
def shared_server() -> Iterator[ScriptedOpenAI]:
    with ScriptedOpenAI() as server:
        yield server


@pytest.fixture
def server(shared_server: ScriptedOpenAI) -> ScriptedOpenAI:
    shared_server.script()
    return shared_server


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting for a second try, unless a test wants one."""
    monkeypatch.setattr(patience, "TRANSPORT_RETRIES", 0)


def chat(base_url: str, context_tokens: int = 4096) -> OpenAIChat:
    async def endpoint() -> ChatEndpoint:
        return ChatEndpoint("gpt-scripted", KEY, base_url, context_tokens)

    return OpenAIChat("gpt-scripted", context_tokens, endpoint)


async def test_prose_comes_back_without_the_space_around_it_and_with_its_tokens(server: ScriptedOpenAI) -> None:
    server.script(says("  It rains.\n", tokens=(12, 3)))
    answer = await chat(server.base_url).complete("Weather?", system="Be brief.", max_tokens=50)
    assert (answer.text, answer.tokens_in, answer.tokens_out) == ("It rains.", 12, 3)
    (asked,) = server.asked
    assert (asked.path, asked.authorization) == ("/v1/chat/completions", f"Bearer {KEY}")
    assert (asked.system, asked.prompt) == ("Be brief.", "Weather?")
    assert (asked.body["model"], asked.body["temperature"], asked.body["max_completion_tokens"]) == (
        "gpt-scripted",
        0,
        50,
    )


async def test_json_is_asked_for_by_its_schema_and_comes_back_parsed(server: ScriptedOpenAI) -> None:
    server.script(says_json({"city": "Oslo"}))
    answer = await chat(server.base_url).structured("Where?", SCHEMA)
    assert (answer.value, answer.tokens_in, answer.tokens_out) == ({"city": "Oslo"}, 10, 5)
    assert server.asked[0].schema["properties"] == SCHEMA["properties"]


@pytest.mark.parametrize(
    ("said", "finding"),
    [
        ({"town": 7}, '"city" is a required property'),
        ({"city": "Rome" * 100}, '["city"] what is there is not one of "Oslo" or "Bergen"'),
        (["Oslo"], 'what is there is not of type "object"'),
    ],
    ids=["other fields", "another value", "another shape"],
)
async def test_json_that_ignores_the_schema_is_refused_in_one_sentence_and_paid_for(
    server: ScriptedOpenAI, said: object, finding: str
) -> None:
    server.script(says_json(said))
    with pytest.raises(AnswerMisfit) as caught:
        await chat(server.base_url).structured("Where?", SCHEMA)
    assert str(caught.value) == (
        f"The model gpt-scripted answered with JSON that is not what was asked for ({finding}); "
        "try again or set another BRAIN_CHAT_MODEL."
    )
    assert (caught.value.value, caught.value.tokens_in, caught.value.tokens_out) == (said, 10, 5)


async def test_an_answer_may_be_longer_than_the_schema_says_because_models_do_not_count(server: ScriptedOpenAI) -> None:
    server.script(says_json({"words": ["a" * 90, "b", "c"]}))
    one = {"type": "string", "maxLength": 80}
    schema = {"type": "object", "properties": {"words": {"type": "array", "items": one, "maxItems": 2}}}
    assert len((await chat(server.base_url).structured("Which?", schema)).value["words"]) == 3


async def test_a_large_model_gets_room_to_think_beside_the_answer(server: ScriptedOpenAI) -> None:
    server.script(says("Yes."))
    await chat(server.base_url, context_tokens=128_000).complete("?", max_tokens=100)
    assert server.asked[0].body["max_completion_tokens"] == 100 + REASONING_TOKENS


@pytest.mark.parametrize(
    ("name", "temperature"),
    [("gpt-4o", 0), ("qwen3:8b", 0), ("o1", None), ("o3-mini", None), ("openai/o4-mini", None), ("vendor/gpt-5", None)],
)
async def test_models_that_choose_their_temperature_themselves_are_told_none(
    server: ScriptedOpenAI, name: str, temperature: int | None
) -> None:
    async def endpoint() -> ChatEndpoint:
        return ChatEndpoint(name, KEY, server.base_url)

    server.script(says("Yes."))
    await OpenAIChat(name, 128_000, endpoint).complete("?")
    assert server.asked[0].body.get("temperature") == temperature


async def test_questions_at_once_to_endpoints_of_different_size_each_get_their_own_room(server: ScriptedOpenAI) -> None:
    sizes = iter([128_000, 4096])

    async def endpoint() -> ChatEndpoint:
        return ChatEndpoint("gpt-scripted", KEY, server.base_url, next(sizes))

    server.script(says("Yes."))
    model = OpenAIChat("gpt-scripted", 4096, endpoint)
    await asyncio.gather(model.complete("large", max_tokens=100), model.complete("small", max_tokens=100))
    given = {asked.prompt: asked.body["max_completion_tokens"] for asked in server.asked}
    assert given == {"large": 100 + REASONING_TOKENS, "small": 100}


@pytest.mark.parametrize(
    "answer",
    [says("", tokens=(7, 8000)), says("no JSON", tokens=(7, 8000)), says(None, refusal="No.", tokens=(7, 8000))],
)
async def test_an_answer_that_is_of_no_use_is_paid_for_all_the_same(server: ScriptedOpenAI, answer: Answer) -> None:
    server.script(says_json({"city": "Oslo"}, tokens=(1, 1)), answer)
    account = Account()
    metered = MeteredChat(chat(server.base_url), account)
    await metered.structured("Where?", SCHEMA)
    with pytest.raises(ModelError) as caught:
        await metered.structured("Where?", SCHEMA)
    assert (caught.value.tokens_in, caught.value.tokens_out) == (7, 8000)
    assert account.spent == Spending(8, 8001, None)


BROKEN = {
    "wrong key": (fails(401, "Incorrect API key"), "refused the key; check OPENAI_API_KEY"),
    "no such model": (fails(404, "The model does not exist"), "answered with status 404: The model does not exist."),
    "too many requests": (fails(429, "Slow down"), "answered with status 429: Slow down."),
    "out of order": (fails(500, "Oh no"), "answered with status 500: Oh no."),
    "overloaded": (fails(503), "answered with status 503"),
    "prompt too long": (fails(400, "maximum context length is 4096 tokens"), "status 400: maximum context length"),
    "hung up": (drops(), "cannot be reached; check OPENAI_BASE_URL"),
    "a web page": (raw(b"<html>Please log in</html>"), "gave no usable answer"),
    "an empty body": (raw(b""), "gave no usable answer"),
    "no choices": (raw(b"{}"), "gave no usable answer"),
    "empty choices": (raw(b'{"choices": []}'), "gave no usable answer"),
    "a list": (raw(b"[1, 2]"), "gave no usable answer"),
    "nothing said": (says(""), "answered with nothing"),
    "null said": (says(None), "answered with nothing"),
}


@pytest.mark.parametrize("what", BROKEN)
async def test_an_answer_that_is_none_is_one_clear_sentence(what: str, server: ScriptedOpenAI) -> None:
    answer, told = BROKEN[what]
    server.script(answer)
    model = chat(server.base_url)
    for ask in (lambda: model.complete("Hello"), lambda: model.structured("Hello", SCHEMA)):
        with pytest.raises(ModelError) as caught:
            await ask()
        message = str(caught.value)
        assert message.startswith("The model gpt-scripted ")
        assert message.endswith(".")
        assert "\n" not in message
        assert KEY not in message
        assert told in message


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (says("It is Oslo, I think."), "was asked for JSON and wrote 'It is Oslo, I think.'"),
        (says('{"city": "Os'), 'was asked for JSON and wrote \'{"city": "Os\''),
        (says('{"city": "Os', finish="length"), "was cut off"),
        (says(None, refusal="I cannot help with that."), "refused: I cannot help with that."),
        (says("x" * 5000), "xxx…"),
    ],
    ids=["prose", "half of it", "cut off at the limit", "a refusal", "a flood"],
)
async def test_what_is_no_json_is_shown_shortened(answer: Answer, told: str, server: ScriptedOpenAI) -> None:
    server.script(answer)
    with pytest.raises(ModelError) as caught:
        await chat(server.base_url).structured("Where?", SCHEMA)
    assert told in str(caught.value)
    assert len(str(caught.value)) < 300


async def test_an_answer_that_does_not_come_is_given_up(
    server: ScriptedOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "CHAT_TIMEOUT", 0.2)
    server.script(hangs(5))
    with pytest.raises(ModelError, match=r"The model gpt-scripted did not answer within 0\.2 s; try again later\."):
        await chat(server.base_url).complete("Hello")


async def test_a_server_that_is_not_there_is_told_by_its_setting() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        with pytest.raises(ModelError, match="cannot be reached; check OPENAI_BASE_URL and that it is up"):
            await chat(nobody).complete("Hello")


async def test_a_busy_server_is_asked_again(server: ScriptedOpenAI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "TRANSPORT_RETRIES", 2)
    server.script(fails(429, "Slow down", Retry_After="0"), fails(503, "Busy", Retry_After="0"), says("At last."))
    assert (await chat(server.base_url).complete("Hello")).text == "At last."
    assert len(server.asked) == 3


def test_one_model_serves_one_event_loop_after_another(server: ScriptedOpenAI) -> None:
    server.script(says("Again."))
    model = chat(server.base_url)
    assert [asyncio.run(model.complete("Hello")).text for _ in range(3)] == ["Again."] * 3


async def test_many_questions_at_once_get_an_answer_each(server: ScriptedOpenAI) -> None:
    server.script(lambda asked: says(asked.prompt.upper()))
    model = chat(server.base_url)
    answers = await asyncio.gather(*(model.complete(f"question {number}") for number in range(20)))
    assert [answer.text for answer in answers] == [f"QUESTION {number}" for number in range(20)]


def test_local_vectors_have_length_one_and_near_texts_are_near() -> None:
    rain, shower, tax = WordLlamaEmbedder().embed(["heavy rain", "a rain shower", "income tax form"])
    assert rain.shape == (DIMENSIONS,)
    assert np.linalg.norm(rain) == pytest.approx(1, abs=1e-5)
    assert rain @ shower > rain @ tax + 0.2
    assert not WordLlamaEmbedder().embed([""]).any()


def test_the_local_embedder_leaves_the_logging_of_the_program_alone():
    program = """
import logging
from brain.language_models import WordLlamaEmbedder
WordLlamaEmbedder().embed(["rain"])
print(logging.getLogger().handlers, logging.getLogger().level)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[] 30\n"


def test_hosted_vectors_are_brought_to_length_one(server: ScriptedOpenAI) -> None:
    server.script(embeds([3.0] * DIMENSIONS, [0.0] * DIMENSIONS))
    first, second = OpenAIEmbedder("embed-scripted", KEY, server.base_url).embed(["a", "b"])
    assert np.linalg.norm(first) == pytest.approx(1)
    assert not second.any()
    (asked,) = server.asked
    assert (asked.path, asked.body["input"], asked.body["dimensions"]) == ("/v1/embeddings", ["a", "b"], DIMENSIONS)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (embeds([1.0, 2.0]), "gives 2 dimensions, the knowledge base holds 256: set BRAIN_EMBEDDING_MODEL"),
        (embeds(), "gave no answer; what came is no answer of OpenAI's protocol"),
        (embeds([1.0], [2.0]), "gave 2 vectors for 1 texts"),
        (fails(401, "Incorrect API key"), "gave no answer: "),
        (raw(b"<html>"), "gave no answer; what came is no answer of OpenAI's protocol"),
    ],
    ids=["too short", "none", "too many", "wrong key", "a web page"],
)
def test_a_hosted_embedder_that_gives_something_else_is_one_clear_sentence(
    answer: Answer, told: str, server: ScriptedOpenAI
) -> None:
    server.script(answer)
    with pytest.raises(ModelError) as caught:
        OpenAIEmbedder("embed-scripted", KEY, server.base_url).embed(["a"])
    assert told in str(caught.value)
    assert KEY not in str(caught.value)


def test_an_endpoint_never_shows_its_key() -> None:
    assert KEY not in repr(ChatEndpoint("gpt-scripted", KEY)) + json.dumps(str(ChatEndpoint("gpt-scripted", KEY)))
