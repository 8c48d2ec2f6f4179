"""A place to work whose every host name leads to one web server on this machine, which repeats what it is sent."""

import json
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from command_line import Answer
from strategies import registry_of, tool

from brain.artifacts import ArtifactCodec, MemoryStore
from brain.config_secrets import ContentRedactor, Redactor, SecretResolver
from brain.egress import Egress, EgressPolicy
from brain.executor.engine import Approvals, Engine, Job
from brain.executor.local import LocalCaller, Surroundings
from brain.executor.ports import MemoryJournal, ToolCall
from brain.language_models import ChatEndpoint, OpenAIChat
from brain.pipeline_builder.build import build
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import RunResult
from brain.tool_registry.definitions import SecretBinding, ToolDefinition
from brain.vault import Vault

__all__ = ["CDN", "OTHER", "PIN", "SHOP", "TABLED", "TOKEN", "Echo", "Place"]

TOKEN, PIN, TABLED = "tok-8Hq2LmX0aZ", "pin-77-00-41-66", "kept-in-the-table-5521"
SHOP, OTHER, CDN = "api.shop.example", "other.example", "pictures.cdn.example"
ANYTHING = {"value": {}, "url": {"type": "string"}, "also": {}}


async def no_model() -> ChatEndpoint:
    raise AssertionError("no call here asks a model")


class Echo:
    """Answers with what it was sent; `/to?ADDRESS` sends the caller elsewhere."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []

    def as_answer(self) -> Answer:
        return lambda request: self.answer(request)  # noqa: PLW0108 - a function becomes a method of the handler

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append((request.path, headers))
        path, _, query = request.path.partition("?")
        request.send_response(302 if path == "/to" else 200)
        if path == "/to":
            request.send_header("location", query)
        request.send_header("content-type", "application/json")
        request.end_headers()
        request.wfile.write(json.dumps({"path": request.path, "headers": headers}).encode())


class Reports:
    def __init__(self) -> None:
        self.told: list[tuple[float | None, str]] = []

    def __call__(self, percentage: float | None, message: str) -> None:
        self.told.append((percentage, message))

    def publish(self, *_: Any, message: str = "", percentage: float | None = None, **__: Any) -> None:
        self.told.append((percentage, message))


class Place:
    """A place to work for functions, on a machine where every name leads to one web server."""

    def __init__(self, project: Path, port: int, table: Vault | None = None) -> None:
        self.port = port
        self.environment: dict[str, str] = {"SHOP_TOKEN": TOKEN, "SIGNING_PIN": PIN}
        self.functions: dict[str, Callable[..., Any]] = {}
        self.store = MemoryStore()
        self.reports = Reports()
        self.redactor = Redactor({"SHOP_TOKEN": TOKEN})
        self.codec = ArtifactCodec(self.store, ContentRedactor(self.redactor))
        self.caller = LocalCaller(
            lambda definition: self.functions[definition.name],
            Surroundings(
                project=project, codec=self.codec,
                egress=Egress(EgressPolicy(allow=("127.0.0.1",), robots=False, host_interval=0), self._here),
                model=OpenAIChat("none", 0, no_model), secrets=SecretResolver(self.environment, table),
                redactor=self.redactor,
            ),
            max_parallel=4,
        )  # fmt: skip
        self.definitions: dict[str, ToolDefinition] = {}

    async def _here(self, *_: object) -> list[str]:
        return ["127.0.0.1"]

    def at(self, host: str, path: str = "/") -> str:
        return f"http://{host}:{self.port}{path}"

    def tool(self, function: Callable[..., Any], **hosts: tuple[str, ...]) -> ToolDefinition:
        name = f"t.{function.__name__}"
        bindings = tuple(SecretBinding(name=secret, hosts=named) for secret, named in hosts.items())
        self.functions[name] = function
        self.definitions[name] = tool(name, ANYTHING, secrets=bindings)
        return self.definitions[name]

    async def call(self, definition: ToolDefinition, **arguments: Any) -> Any:
        return await self.caller.call(ToolCall(definition, arguments, self.reports))

    async def run(self, *steps: Mapping[str, Any]) -> RunResult:
        spec = PipelineSpec.from_value({"steps": list(steps)})
        pipeline = build(spec, registry_of(*self.definitions.values()))
        return await Engine(self.caller, self.reports, MemoryJournal()).run(Job(pipeline, {}, Approvals()))
