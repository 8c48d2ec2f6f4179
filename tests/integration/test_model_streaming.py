"""Answers that are heard while a model writes them, over a real socket through the real client."""

import json
from dataclasses import replace
from itertools import pairwise

import pytest
from scripted_openai import ScriptedOpenAI, drops, fails, raw, says, says_json, unstreamed

from brain.config_secrets import Redactor
from brain.errors import AnswerCutOff, ModelError, ModelSilent
from brain.language_models import Account, ChatEndpoint, MeteredChat, OpenAIChat, patience
from brain.runs import Spending
from brain.session.redacted_models import RedactedChat

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
LONG = {"city": "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"}


def chat(base_url: str) -> OpenAIChat:
    async def endpoint() -> ChatEndpoint:
        return ChatEndpoint("gpt-scripted", "sk-scripted", base_url, 4096)

    return OpenAIChat("gpt-scripted", 4096, endpoint)


async def test_an_answer_is_heard_as_it_grows_and_comes_back_whole_with_its_tokens(server: ScriptedOpenAI) -> None:
    heard: list[str] = []
    server.script(says_json(LONG, tokens=(12, 34)))
    answer = await chat(server.base_url).structured("Where?", SCHEMA, hear=heard.append)
    assert (answer.value, answer.tokens_in, answer.tokens_out) == (LONG, 12, 34)
    assert len(heard) >= 3
    assert all(later.startswith(earlier) for earlier, later in pairwise(heard))
    assert json.loads(heard[-1]) == LONG
    assert server.asked[0].body["stream"] is True


async def test_nobody_who_listens_means_no_stream(server: ScriptedOpenAI) -> None:
    server.script(says_json(LONG))
    await chat(server.base_url).structured("Where?", SCHEMA)
    assert "stream" not in server.asked[0].body or not server.asked[0].body["stream"]


@pytest.mark.parametrize("first", [unstreamed(says_json(LONG)), fails(400, "stream is not supported")])
async def test_a_server_that_does_not_stream_is_asked_without(server: ScriptedOpenAI, first: object) -> None:
    heard: list[str] = []
    server.script(first, says_json(LONG))
    assert (await chat(server.base_url).structured("Where?", SCHEMA, hear=heard.append)).value == LONG
    assert heard == []
    assert not server.asked[1].body.get("stream")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (says("It is Oslo, I think."), "was asked for JSON and wrote 'It is Oslo, I think.'"),
        (says('{"city": "Os'), 'was asked for JSON and wrote \'{"city": "Os\''),
        (says(None, refusal="I cannot help with that."), "refused: I cannot help with that."),
        (says(""), "answered with nothing"),
        (fails(500, "Oh no"), "answered with status 500: Oh no."),
        (fails(401), "refused the key"),
        (raw(b"<html>"), "gave no usable answer"),
        (drops(), "cannot be reached"),
        (replace(says_json(LONG), pieces=2), "was asked for JSON and wrote"),
    ],
)
async def test_a_stream_that_gives_no_answer_is_one_clear_sentence(
    server: ScriptedOpenAI, answer: object, told: str
) -> None:
    server.script(answer)
    with pytest.raises(ModelError) as caught:
        await chat(server.base_url).structured("Where?", SCHEMA, hear=lambda _text: None)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


async def test_a_stream_that_is_cut_off_or_stalls_is_told_so(
    server: ScriptedOpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.script(says('{"city": "Os', finish="length", tokens=(7, 9)))
    with pytest.raises(AnswerCutOff) as caught:
        await chat(server.base_url).structured("Where?", SCHEMA, hear=lambda _text: None)
    assert (caught.value.tokens_in, caught.value.tokens_out) == (7, 9)
    monkeypatch.setattr(patience, "CHAT_TIMEOUT", 0.3)
    server.script(replace(says_json(LONG), pause=0.2))
    with pytest.raises(ModelSilent, match=r"did not answer within 0\.3 s"):
        await chat(server.base_url).structured("Where?", SCHEMA, hear=lambda _text: None)


async def test_what_is_heard_is_paid_for_and_holds_no_secret(server: ScriptedOpenAI) -> None:
    heard: list[str] = []
    account = Account()
    server.script(says_json({"city": "tok-9876543210 in Oslo"}, tokens=(3, 4)))
    redactor = Redactor({"SHOP_TOKEN": "tok-9876543210"})
    model = MeteredChat(RedactedChat(chat(server.base_url), redactor), account)
    await model.structured("Where?", SCHEMA, hear=heard.append)
    assert account.spent == Spending(3, 4, None)
    assert "tok-9876543210" not in heard[-1]
