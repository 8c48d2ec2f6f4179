"""What a person is told before a pipeline runs: hosts, secrets, changes, questions to the model, time."""

from typing import Any

import pytest
from strategies import registry_of, tool

from brain.pipeline_builder.build import build
from brain.pipeline_builder.pipeline import Pipeline
from brain.pipeline_builder.preflight import Preflight, SecretNeed, ToolHistory, Write, estimate, preflight
from brain.pipeline_builder.spec import PipelineSpec
from brain.tool_registry.definitions import SecretBinding, ToolAnnotations

WEB = ToolAnnotations(read_only_hint=True, open_world_hint=True)
HERE = ToolAnnotations(read_only_hint=True, open_world_hint=False)
ADDRESS = {"type": "string", "format": "uri"}
KEY = SecretBinding(name="API_KEY", hosts=("api.example.org",))
REGISTRY = registry_of(
    tool("web.get", {"url": ADDRESS}, annotations=WEB),
    tool("web.many", {"urls": {"anyOf": [ADDRESS, {"type": "array", "items": ADDRESS}]}}, annotations=WEB),
    tool("web.search", {"words": {}}, annotations=WEB, secrets=(KEY,)),
    tool("web.wander", {"words": {}}, annotations=WEB),
    tool("web.post", {"url": ADDRESS, "body": {}}, annotations=ToolAnnotations()),
    tool("text.sum", {"text": {}}, annotations=WEB, uses_model=True),
    tool("table.sort", {"table": {}, "url": ADDRESS}, annotations=HERE),
    tool(
        "file.save", {"path": {"type": "string", "format": "path"}}, annotations=ToolAnnotations(open_world_hint=False)
    ),
)


def built(*steps: dict[str, Any], **rest: Any) -> Pipeline:
    numbered = [{"id": f"s{number}", **step} for number, step in enumerate(steps)]
    return build(PipelineSpec.from_value({"steps": numbered, **rest}), REGISTRY)


def told(*steps: dict[str, Any], **rest: Any) -> Preflight:
    return preflight(built(*steps, **rest), {"API_KEY"}.__contains__)


def got(url: str, **rest: Any) -> dict[str, Any]:
    return {"tool": "web.get", "arguments": {"url": url}, **rest}


@pytest.mark.parametrize(
    ("url", "hosts", "undecided"),
    [
        ("https://example.org/a?b=c", ("example.org",), ()),
        ("https://user:word@Example.org:8443/", ("example.org",), ()),
        ("https://example.org/${s0.url}", ("example.org",), ()),
        ("https://example.org?q=${s0.url}", ("example.org",), ()),
        ("https://example.org${s0.url}", (), ("s1",)),
        ("https://${s0.url}/", (), ("s1",)),
        ("${s0.url}", (), ("s1",)),
        ("${inputs.page}", ("default.example",), ()),
        ("https://${inputs.host}/", ("input.example",), ()),
        ("${inputs.unset}", (), ("s1",)),
        ("https://[::1]/", ("::1",), ()),
        ("https://[", (), ("s1",)),
    ],
)
def test_hosts_are_told_where_they_are_written_down(url: str, hosts: tuple[str, ...], undecided: tuple[str]) -> None:
    inputs = {
        "page": {"default": "https://default.example/x"},
        "host": {"default": "input.example"},
        "unset": {"type": "string"},
    }
    found = told({"tool": "table.sort", "arguments": {"url": "http://not-read.example/"}}, got(url), inputs=inputs)
    assert (found.hosts, found.undecided) == (hosts, undecided)


def test_listed_items_and_lists_of_addresses_are_looked_into() -> None:
    found = told(
        got("${item}", foreach=["https://a.example/", "https://b.example/"]),
        got("https://c.example/${index}", foreach="${s0[].url}"),
        {"tool": "web.many", "arguments": {"urls": ["https://d.example/", "${s0[0].url}"]}},
    )
    assert found.hosts == ("a.example", "b.example", "c.example", "d.example")
    assert found.undecided == ("s2",)


def test_a_tool_that_names_no_address_is_undecided_unless_its_secrets_say_where_it_goes() -> None:
    found = told({"tool": "web.wander"}, {"tool": "web.search"}, {"tool": "web.search"})
    assert (found.hosts, found.undecided) == (("api.example.org",), ("s0",))
    assert found.secrets == (SecretNeed("API_KEY", "web.search", ("api.example.org",), is_set=True),)
    assert preflight(built({"tool": "web.search"}), lambda _: False).secrets[0].is_set is False


def test_changes_and_questions_to_the_model_are_told_by_step() -> None:
    found = told(
        {"tool": "text.sum"},
        {"tool": "file.save", "arguments": {"path": "${inputs.to}"}},
        {"tool": "web.post", "arguments": {"url": "https://example.org/", "body": "${s0}"}},
        inputs={"to": {"default": "a.csv"}},
    )
    assert found.asks_model == ("s0",)
    assert found.writes == (
        Write("s1", "file.save", ("${inputs.to}",)),
        Write("s2", "web.post", ("https://example.org/",)),
    )
    assert found.undecided == ()


def test_time_is_that_of_the_slowest_path_and_tokens_those_of_all_steps() -> None:
    pipeline = built(
        {"tool": "table.sort"},
        {"tool": "text.sum", "needs": ["s0"]},
        {"tool": "text.sum", "needs": ["s0"]},
        got("https://example.org/", foreach=[1, 2]),
        {"tool": "file.save", "needs": ["s1"]},
    )
    past = {
        "table.sort": ToolHistory(4, 0.5, 0, 0),
        "text.sum": ToolHistory(3, 2.0, 200.4, 100),
        "web.get": ToolHistory(1, 1.0, 0, 0),
        "never.used": ToolHistory(9, 9.0, 9, 9),
    }
    guess = estimate(pipeline, past, lambda tokens_in, tokens_out: tokens_in / 100 + tokens_out / 10)
    assert (guess.seconds, guess.tokens, guess.calls) == (2.5, 601, 8)
    assert guess.cost_usd == pytest.approx(4.01 + 20)
    assert (guess.each, guess.unknown) == (("s3",), ("s4",))


def test_without_a_past_everything_is_unknown() -> None:
    guess = estimate(built({"tool": "table.sort"}), {}, lambda *_tokens: None)
    assert (guess.seconds, guess.tokens, guess.cost_usd, guess.calls) == (0.0, 0, None, 0)
    assert guess.unknown == ("s0",)
