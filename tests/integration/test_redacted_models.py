"""What models are told and say holds no secret: over a real socket, with a server that repeats everything."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted_openai import Answer, Asked, ScriptedOpenAI, embeds, fails, says, says_json

from brain.config_secrets import Redactor, Settings
from brain.errors import AnswerCutOff, AnswerMisfit, ModelError
from brain.language_models import patience
from brain.session.health import doctor
from brain.session.services import chat_model, embedder

KEY, TOKEN = "sk-scripted-0123456789", "tok-8Hq2LmX0aZ"
SCHEMA = {"type": "object", "properties": {"heard": {"type": "string"}}, "required": ["heard"]}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedOpenAI]:
    monkeypatch.setattr(patience, "TRANSPORT_RETRIES", 0)
    with ScriptedOpenAI() as made:
        yield made


@pytest.fixture
def settings(server: ScriptedOpenAI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    given = {"openai_api_key": KEY, "openai_base_url": server.base_url, "brain_embedding_model": "scripted"}
    return Settings(project=tmp_path, **given)


@pytest.fixture
def redactor(settings: Settings) -> Redactor:
    made = Redactor.of_environment(settings.project)
    made.learn({"SHOP_TOKEN": TOKEN})
    return made


def repeats(asked: Asked) -> Answer:
    return says(f"{asked.authorization} said {asked.prompt}")


def repeats_in_json(asked: Asked) -> Answer:
    return says_json({"heard": f"{asked.authorization} said {asked.prompt}", "also": [asked.authorization]})


def complains(asked: Asked) -> Answer:
    return fails(400, f"the key {asked.authorization} may not say {json.dumps(asked.body)}")


async def test_prompts_and_answers_hold_references(
    server: ScriptedOpenAI, settings: Settings, redactor: Redactor
) -> None:
    model = chat_model(settings, redactor)
    server.script(repeats)
    told = await model.complete(f"use {TOKEN}", system=f"it is {TOKEN}")
    assert told.text == "Bearer ${secret:OPENAI_API_KEY} said use ${secret:SHOP_TOKEN}"
    assert server.asked[0].system == "it is ${secret:SHOP_TOKEN}"
    server.script(repeats_in_json)
    value = (await model.structured(f"use {TOKEN}", SCHEMA)).value
    assert value["also"] == ["Bearer ${secret:OPENAI_API_KEY}"]
    assert TOKEN not in str(server.asked) + str(value)


async def test_errors_of_the_server_hold_references(
    server: ScriptedOpenAI, settings: Settings, redactor: Redactor
) -> None:
    model = chat_model(settings, redactor)
    server.script(complains)
    for ask in (lambda: model.complete(f"use {TOKEN}"), lambda: model.structured(f"use {TOKEN}", SCHEMA)):
        with pytest.raises(
            ModelError, match=r"answered with status 400: the key Bearer \$\{secret:OPENAI_API_KEY\}"
        ) as caught:
            await ask()
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__
    with pytest.raises(ModelError) as caught:
        embedder(settings, redactor).embed([f"about {TOKEN}"])
    assert "${secret:OPENAI_API_KEY}" in str(caught.value)
    assert KEY not in str(caught.value)


async def test_an_answer_that_is_no_json_is_shown_without_the_key(
    server: ScriptedOpenAI, settings: Settings, redactor: Redactor
) -> None:
    server.script(repeats)
    with pytest.raises(
        ModelError, match=r"was asked for JSON and wrote 'Bearer \$\{secret:OPENAI_API_KEY\} said"
    ) as caught:
        await chat_model(settings, redactor).structured("hello", SCHEMA)
    assert KEY not in str(caught.value)


async def test_what_an_answer_is_and_took_is_known_behind_the_redaction(
    server: ScriptedOpenAI, settings: Settings, redactor: Redactor
) -> None:
    model = chat_model(settings, redactor)
    server.script(says("And then", finish="length", tokens=(20, 4)))
    told = await model.complete("hello")
    assert (told.is_cut, told.tokens_in, told.tokens_out) == (True, 20, 4)
    with pytest.raises(AnswerCutOff) as cut:
        await model.structured("hello", SCHEMA)
    assert (cut.value.tokens_in, cut.value.tokens_out) == (20, 4)


async def test_json_of_another_shape_is_handed_on_without_the_key(
    server: ScriptedOpenAI, settings: Settings, redactor: Redactor
) -> None:
    server.script(lambda asked: says_json({asked.authorization: 1}, tokens=(20, 4)))
    with pytest.raises(AnswerMisfit, match='"heard" is a required property') as caught:
        await chat_model(settings, redactor).structured("hello", SCHEMA)
    assert caught.value.value == {"Bearer ${secret:OPENAI_API_KEY}": 1}
    assert (caught.value.tokens_in, caught.value.tokens_out) == (20, 4)
    assert caught.value.__suppress_context__


def test_texts_to_embed_hold_references(server: ScriptedOpenAI, settings: Settings, redactor: Redactor) -> None:
    server.script(embeds([1.0] + [0.0] * 255))
    embedder(settings, redactor).embed([f"about {TOKEN}"])
    assert server.asked[0].body["input"] == ["about ${secret:SHOP_TOKEN}"]


def test_the_doctor_tells_no_key(server: ScriptedOpenAI, settings: Settings, database_url: str) -> None:
    server.script(complains)
    findings = doctor(
        settings.model_copy(
            update={"database_url": Settings(project=settings.project, database_url=database_url).database_url}
        )
    )
    told = {finding.name: finding.detail for finding in findings}
    assert "${secret:OPENAI_API_KEY}" in told["chat model"]
    assert KEY not in str(findings)
