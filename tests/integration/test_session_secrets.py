"""The verbs about secrets in Python, over a real database, and what a run gets of what they set."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from brain import Brain
from brain.config_secrets import Settings
from brain.database.upgrade import upgrade
from brain.errors import PlanningError, RegistryError, SettingsError, UsageError
from brain.intent_inference.plan import Plan, Question
from brain.runs import RunStatus
from brain.session import Core
from brain.session.order import PlanOrder
from brain.vault import KeyRing, new_key

VALUE = "kept-in-the-table-5521"
TOOLS = """
def length(*, context):
    return len(context.secret("SHOP_TOKEN"))

def tell(*, context):
    return f"it is {context.secret('SHOP_TOKEN')}"
"""


def definition(name: str, *hosts: str) -> dict[str, object]:
    return {
        "name": f"shop.{name}", "description": "A tool of this project's own.", "annotations": {"readOnlyHint": True},
        "inputSchema": {"type": "object", "properties": {}, "additionalProperties": False},
        "secrets": [{"name": "SHOP_TOKEN", "hosts": hosts}], "run": {"python": f"secret_shop:{name}"},
    }  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret_shop.py").write_text(TOOLS)
    tools = {"tools": [definition("length", "api.shop.example"), definition("tell")]}
    (tmp_path / "tools.json").write_text(json.dumps(tools))
    return tmp_path


@pytest.fixture
def settings(folder: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("SHOP_TOKEN", "")
    upgrade(database_url)
    return Settings(project=folder, database_url=database_url, brain_secrets_key=new_key())


@pytest.fixture
def brain(settings: Settings) -> Iterator[Brain]:
    with Brain(settings=settings) as opened:
        yield opened


def result_of(brain: Brain, name: str) -> object:
    run = brain.run({"steps": [{"id": "a", "tool": f"shop.{name}"}]})
    return run.results["a"] if run.status is RunStatus.SUCCEEDED else run.error


def sources(brain: Brain) -> dict[str, str]:
    return {info.name: str(info.source) for info in brain.secrets()}


def test_a_secret_that_is_set_is_what_the_next_call_gets(brain: Brain) -> None:
    assert "The secret SHOP_TOKEN is not set" in str(result_of(brain, "length"))
    assert sources(brain) == {"SHOP_TOKEN": "not set"}
    info = brain.set_secret("SHOP_TOKEN", VALUE)
    assert (info.name, info.source, info.is_in_table) == ("SHOP_TOKEN", "table", True)
    assert [(use.tool, use.hosts) for use in info.uses] == [("shop.length", ("api.shop.example",)), ("shop.tell", ())]
    assert result_of(brain, "length") == len(VALUE)
    assert result_of(brain, "tell") == "it is ${secret:SHOP_TOKEN}"
    brain.set_secret("SHOP_TOKEN", "another-one")
    assert result_of(brain, "length") == len("another-one")
    brain.remove_secret("SHOP_TOKEN")
    assert "The secret SHOP_TOKEN is not set" in str(result_of(brain, "length"))
    with pytest.raises(UsageError, match=r"The table holds no secret of that name\. `brain secrets list`"):
        brain.remove_secret("SHOP_TOKEN")


def test_each_secret_is_listed_with_where_it_comes_from(
    brain: Brain, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brain.set_secret("SHOP_TOKEN", VALUE)
    brain.set_secret("UNBOUND_KEY", VALUE + "!")
    assert sources(brain) == {"SHOP_TOKEN": "table", "UNBOUND_KEY": "table"}
    (folder / ".env").write_text("SHOP_TOKEN=from-the-file\n")
    monkeypatch.setenv("SHOP_TOKEN", "from-the-file")
    assert sources(brain)["SHOP_TOKEN"] == ".env"
    monkeypatch.setenv("SHOP_TOKEN", "from-elsewhere")
    assert sources(brain)["SHOP_TOKEN"] == "environment"
    assert result_of(brain, "length") == len("from-elsewhere")
    assert result_of(brain, "tell") == "it is ${secret:SHOP_TOKEN}", "what was set after the start is redacted too"
    listed = json.dumps([info.to_json() for info in brain.secrets()])
    assert not any(value in listed for value in (VALUE, "from-the-file", "from-elsewhere"))


def test_values_that_another_process_keeps_are_redacted_from_the_start(brain: Brain, settings: Settings) -> None:
    brain.set_secret("UNBOUND_KEY", VALUE)
    with Brain(settings=settings) as another:
        asked = another.run({"request": f"nothing about {VALUE}", "steps": [{"id": "a", "tool": "shop.length"}]})
        assert another.show(asked).request == "nothing about ${secret:UNBOUND_KEY}"


def test_the_keys_are_changed_without_losing_a_value(
    brain: Brain, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    brain.set_secret("SHOP_TOKEN", VALUE)
    old, new = settings.brain_secrets_key.get_secret_value(), new_key()

    def with_keys(*keys: str) -> Settings:
        return Settings(project=settings.project, database_url=settings.database_url.get_secret_value(),
                        brain_secrets_key=",".join(keys))  # fmt: skip

    with Brain(settings=with_keys(new, old)) as both:
        assert result_of(both, "length") == len(VALUE)
        assert both.rotate_secrets() == 1
        [info] = both.secrets()
        assert info.key == KeyRing(with_keys(new).secrets_keys).require()
    with Brain(settings=with_keys(new)) as after:
        assert result_of(after, "length") == len(VALUE)
    caplog.clear()
    with Brain(settings=with_keys(old)) as late, caplog.at_level(logging.WARNING):
        assert sources(late) == {"SHOP_TOKEN": "no key"}
        assert "is encrypted under the key" in str(result_of(late, "length"))
        with pytest.raises(SettingsError, match="The secret SHOP_TOKEN is encrypted under the key"):
            late.rotate_secrets()
    assert "No key opens these secrets of the table: SHOP_TOKEN." in caplog.text
    with Brain(
        settings=Settings(project=settings.project, database_url=with_keys(old).database_url.get_secret_value())
    ) as none:
        with pytest.raises(SettingsError, match="BRAIN_SECRETS_KEY is not set"):
            none.set_secret("SHOP_TOKEN", VALUE)
        none.remove_secret("SHOP_TOKEN")


WRONG = {
    "a name of the Brain's own": ("OPENAI_API_KEY", VALUE, "OPENAI_API_KEY belongs to the Brain itself"),
    "a key": ("BRAIN_SECRETS_KEY", VALUE, "BRAIN_SECRETS_KEY belongs to the Brain itself"),
    "a setting": ("BRAIN_CHAT_MODEL", VALUE, "BRAIN_CHAT_MODEL is a setting"),
    "no name": ("not a name", VALUE, r"What was given as a name \(it is not shown\) is no name for a secret"),
    "too short": ("PIN", "12345", "fewer than 6 characters"),
    "empty": ("PIN", "", "fewer than 6 characters"),
    "too long": ("PIN", "x" * 65_537, "no text of at most 65,536 characters"),
    "no text": ("PIN", "half a pair \ud800", "no text of at most 65,536 characters"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_could_not_be_kept_safely_is_refused(what: str, brain: Brain) -> None:
    name, value, expected = WRONG[what]
    with pytest.raises(UsageError, match=expected) as caught:
        brain.set_secret(name, value)
    assert not value or value not in str(caught.value)
    assert "SHOP_TOKEN" in sources(brain)
    assert name not in sources(brain)


def test_the_longest_value_is_kept_whole(brain: Brain) -> None:
    brain.set_secret("SHOP_TOKEN", "ü" * 65_536)
    assert result_of(brain, "length") == 65_536


def test_a_registry_that_binds_what_no_tool_may_have_is_refused(settings: Settings) -> None:
    entry = {**definition("length"), "secrets": [{"name": "DATABASE_URL"}]}
    (settings.project / "tools.json").write_text(json.dumps({"tools": [entry]}))
    with pytest.raises(RegistryError, match=r'secrets\.0\.name: "DATABASE_URL" belongs to the Brain itself'):
        Core(settings)


async def test_whatever_a_planner_comes_up_with_a_plan_holds_no_secret(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = definition("tell")
    entry["inputSchema"] = {"type": "object", "properties": {"text": {"type": "string"}}}
    (settings.project / "tools.json").write_text(json.dumps({"tools": [entry]}))

    class Careless:
        """A planner that writes what no planner may."""

        def __init__(self, core: Core) -> None:
            self._core = core

        async def plan(self, question: Question) -> Plan:
            from brain.pipeline_builder.spec import PipelineSpec

            step = {
                "id": "a",
                "tool": "shop.tell",
                "arguments": {"text": f"{question.request.text} ${{secret:SHOP_TOKEN}}"},
            }
            return Plan(self._core.check(PipelineSpec.from_value({"steps": [step]})), "careless")

    async with Core(settings) as core:
        monkeypatch.setattr(core._planning, "_planner", lambda *_: Careless(core))
        with pytest.raises(PlanningError, match=r"The plan asks for secrets \(SHOP_TOKEN\), which no plan may"):
            await core.plan(PlanOrder("tell me"))
