"""A canary in every source of secrets, many kinds of runs, and a search through all that they leave: it is nowhere."""

import json
import logging
import secrets
import shutil
import traceback
import urllib.parse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import redis
from command_line import site
from scripted_openai import Answer, Asked, ScriptedOpenAI, fails, says, says_json
from secret_places import Log, Places, found_in

from brain import Brain
from brain.cli.app import run as command_line
from brain.config_secrets import Settings
from brain.database.upgrade import upgrade
from brain.errors import BrainError
from brain.language_models import patience
from brain.runs import RunStatus
from brain.vault import new_key

TOOLS = {
    "header": ("name", "url"), "basic": ("name", "url"), "query": ("name", "url"), "given": ("value",),
    "broken": ("name", "how"), "table": ("name",), "file": ("name",), "binary": ("name",), "talk": ("name",),
    "slow": ("name",), "ask_model": ("name",), "deep": ("name",),
}  # fmt: skip
BOUND = ("FILE_TOKEN", "SHELL_TOKEN", "TABLE_TOKEN", "FEED_URL")
WRITTEN_BY_HAND = (".env",)
"""The one file in which the user has written a secret."""


@dataclass(frozen=True)
class Scene:
    """A project with a canary in every source, and everything around it."""

    folder: Path
    canaries: dict[str, str]
    places: Places
    server: ScriptedOpenAI
    shop: str
    """A web server that repeats what it is sent."""


def canary(name: str, odd: str = "") -> str:
    return f"cnry-{name}-{odd}{secrets.token_hex(8)}"


def repeat(request: BaseHTTPRequestHandler) -> None:
    path, _, query = request.path.partition("?")
    leads_out = path == "/out"
    request.send_response({"/out": 302, "/broken": 500, "/missing": 404}.get(path, 200))
    if leads_out:
        request.send_header("location", f"http://127.0.0.2:1/?{query}")
    request.send_header("content-type", "application/json")
    request.send_header("x-repeated", urllib.parse.quote(request.headers.get("authorization", "")))
    request.end_headers()
    headers = dict(request.headers.items())
    request.wfile.write(json.dumps({"headers": headers, "query": query, "plain": urllib.parse.unquote(query)}).encode())


def definitions() -> list[dict[str, Any]]:
    bindings = [{"name": name, "hosts": ["127.0.0.1"]} for name in BOUND]
    return [
        {
            "name": f"canary.{name}", "description": f"Something with a secret: {name}.", "secrets": bindings,
            "inputSchema": {"type": "object", "properties": {name: {} for name in takes}, "required": takes},
            "annotations": {"readOnlyHint": True}, "run": {"python": f"canary_tools:{name}"},
        }
        for name, takes in TOOLS.items()
    ]  # fmt: skip


@pytest.fixture
def log() -> Iterator[Log]:
    """The log of everything, down to DEBUG and the libraries'."""
    handler, root, factory = Log(), logging.getLogger(), logging.getLogRecordFactory()
    level, handlers = root.level, root.handlers[:]
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.setLevel(level)
    root.handlers[:] = handlers
    logging.setLogRecordFactory(factory)


@pytest.fixture
def scene(
    tmp_path: Path, database_url: str, redis_url: str, log: Log, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scene]:
    monkeypatch.setattr(patience, "TRANSPORT_RETRIES", 0)
    upgrade(database_url)
    folder = tmp_path / "project"
    folder.mkdir()
    shutil.copy(Path(__file__).parent / "data" / "canary_tools.py", folder)
    built_in = json.loads((Path(__file__).parents[2] / "tools.json").read_text())["tools"]
    (folder / "tools.json").write_text(json.dumps({"tools": [*built_in, *definitions()]}))
    (folder / "sales.csv").write_text("shop,price\nnorth,10\nsouth,20\n")
    with ScriptedOpenAI() as server, site(repeat) as shop:
        redis_password = canary("redis")
        with redis.Redis.from_url(redis_url) as client:
            client.acl_setuser(
                "canary", enabled=True, passwords=[f"+{redis_password}"], keys=["*"], channels=["*"], commands=["+@all"]
            )
        host = shop.removeprefix("http://")
        feed_password = canary("feed")
        canaries = {
            "FILE_TOKEN": canary("file"), "SHELL_TOKEN": canary("shell", 'p+s/w"\\ö&'),
            "TABLE_TOKEN": canary("table", "a b%"), "FEED_URL password": feed_password,
            "OPENAI_API_KEY": canary("openai"), "BRAIN_SECRETS_KEY": new_key(), "the earlier key": new_key(),
            "DATABASE_URL password": urllib.parse.urlsplit(database_url).password or "",
            "REDIS_URL password": redis_password, "AWS_SECRET_ACCESS_KEY": canary("nobody-binds-it"),
        }  # fmt: skip
        assert all(len(value) > 12 for value in canaries.values())
        environment = {
            "BRAIN_HOME": str(folder), "SHELL_TOKEN": canaries["SHELL_TOKEN"],
            "FEED_URL": f"http://reader:{feed_password}@{host}/feed", "OPENAI_API_KEY": canaries["OPENAI_API_KEY"],
            "OPENAI_BASE_URL": server.base_url, "DATABASE_URL": database_url,
            "REDIS_URL": redis_url.replace("unix://", f"unix://canary:{redis_password}@"),
            "BRAIN_SECRETS_KEY": f"{canaries['BRAIN_SECRETS_KEY']},{canaries['the earlier key']}",
            "AWS_SECRET_ACCESS_KEY": canaries["AWS_SECRET_ACCESS_KEY"], "BRAIN_ALLOW_HOSTS": "127.0.0.1",
            "BRAIN_LOG_LEVEL": "DEBUG", "BRAIN_PROGRESS": "plain",
        }  # fmt: skip
        for name in (*(field.upper() for field in Settings.model_fields), *BOUND):
            monkeypatch.setenv(name, "")
            monkeypatch.delenv(name)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        (folder / ".env").write_text(f"FILE_TOKEN={canaries['FILE_TOKEN']}\n")
        yield Scene(folder, canaries, Places(folder, database_url, redis_url, log), server, shop)
        with redis.Redis.from_url(redis_url) as client:
            client.acl_deluser("canary")


def step(tool: str, **arguments: Any) -> dict[str, Any]:
    return {"id": tool, "tool": f"canary.{tool}", "arguments": arguments}


def of_each_secret(name: str, shop: str) -> Iterator[list[dict[str, Any]]]:
    """Pipelines that do with one secret whatever tools do with secrets."""
    reference = f"${{secret:{name}}}"
    yield [step("header", name=name, url=shop), {**step("given", value="${header}"), "id": "again"}]
    yield [step("header", name=name, url=f"{shop}/broken")]
    yield [step("basic", name=name, url=shop), step("query", name=name, url=shop)]
    yield [step("query", name=name, url=f"{shop}/out")]
    yield [step("given", value=f"Key {reference}")]
    yield [{**step("broken", name=name, how="transient"), "retry": {"attempts": 2}}]
    yield [
        {**step("broken", name=name, how=how), "id": how, "on_error": "skip"}
        for how in ("nested", "group", "long", "ours")
    ]
    yield [step("table", name=name), step("file", name=name), step("deep", name=name), step("talk", name=name)]
    yield [step("binary", name=name)]
    yield [{**step("slow", name=name), "timeout": "0.2s"}]
    yield [
        {**step("broken", name=name, how="${item}"), "foreach": ["one", "group"], "on_error": "collect"},
        {**step("given", value=f"{reference} ${{item}}"), "id": "each", "foreach": ["a", "b"]},
        step("ask_model", name=name),
    ]


def plans_and_repeats(asked: Asked) -> Answer:
    """A model that says back whatever it was told, its key first; into plans only where it is asked to."""
    said = f"{asked.authorization} | {asked.prompt}"
    if "response_format" not in asked.body:
        return says(said)
    wanted = {"value": said if "say" in asked.prompt else "nothing"}
    return says_json({"name": said, "steps": [{"id": "a", "tool": "canary.given", "arguments": wanted}], "outputs": {}})


def all_runs(brain: Brain, scene: Scene) -> list[UUID]:
    """Every kind of run for every secret, and what a person does with values: into requests, inputs and pipelines."""
    begun = [
        brain.start_run({"name": f"{name} {number}", "steps": steps})
        for name in BOUND
        for number, steps in enumerate(of_each_secret(name, scene.shop))
        if name in ("SHELL_TOKEN", "TABLE_TOKEN") or number % 3 == 1
    ]
    cancelled = brain.start_run({"steps": [step("slow", name="TABLE_TOKEN")]})
    for event in brain.watch(cancelled):
        if event.message.startswith("waiting with"):
            brain.cancel(cancelled)
    begun += [brain.start_ask("repeat what you were told"), cancelled]
    begun += [typed(brain, value, number) for number, value in enumerate(tuple(scene.canaries.values())[2:])]
    return begun + [brain.start_ask(f"say {scene.canaries[name]}") for name in ("TABLE_TOKEN", "OPENAI_API_KEY")]


def typed(brain: Brain, value: str, number: int) -> UUID:
    """A run with a value that a person typed wherever one can be typed, and a file that a tool writes."""
    deep = {"id": "deep", "tool": "canary.deep", "arguments": {"name": "FILE_TOKEN"}}
    save = {"id": "save", "tool": "files.write", "arguments": {"path": f"{number}.txt", "content": "${deep.json}"}}
    say = {"id": "say", "tool": "canary.given", "arguments": {"value": f"literally {value}, ${{inputs.told}}"}}
    spec = {"name": f"named {value}", "inputs": {"told": {}, "rows": {}}, "steps": [deep, save, say]}
    return brain.start_run(spec, yes=True, told=f"a person typed {value}", rows=pa.table({"typed": [value]}))


def looked_at(brain: Brain, run_ids: list[UUID]) -> Iterator[str]:
    """What Python gives of the runs."""
    for run_id in run_ids:
        run = brain.wait(run_id)
        yield json.dumps(run.to_json())
        yield repr(dict(run.results))
        yield repr([event.to_json() for event in brain.watch(run_id)])
    yield brain.runs(limit=None).to_csv()
    yield brain.steps(items=True).to_csv()
    yield repr(brain.secrets())


def refusals(brain: Brain, scene: Scene) -> Iterator[str]:
    """What is said where the model refuses, as a traceback in a notebook would show it."""
    scene.server.script(lambda asked: fails(401 if "1" in asked.prompt else 400, f"{asked.authorization} {asked.body}"))
    for value in (scene.canaries["SHELL_TOKEN"], scene.canaries["OPENAI_API_KEY"]):
        yield str(brain.wait(brain.start_ask(f"fail with {value}")))
        with pytest.raises(BrainError) as caught:
            brain.plan(f"say {value}")
        yield "".join(traceback.format_exception(caught.value))


def at_the_command_line(scene: Scene, run_ids: list[UUID], capsys: pytest.CaptureFixture[str]) -> Iterator[str]:
    """What commands print, on both streams; a few runs begin there as well."""
    for name in ("FILE_TOKEN", "TABLE_TOKEN"):
        steps = [step("basic", name=name, url=scene.shop), step("broken", name=name, how="nested")]
        (scene.folder / f"{name}.json").write_text(json.dumps({"steps": [*steps, step("talk", name=name)]}))
    saved, some = str(scene.folder / "saved"), [scene.canaries[name] for name in ("SHELL_TOKEN", "TABLE_TOKEN")]
    commands = [
        ["run", str(scene.folder / "FILE_TOKEN.json")],
        ["run", str(scene.folder / "TABLE_TOKEN.json"), "--json"], ["show", "last"], ["doctor"], ["secrets", "rotate"],
        ["secrets", "list"], ["secrets", "list", "--json"], ["runs", "--json", "-n", "1000"], ["runs"], ["tools"],
        ["show", str(run_ids[11]), "--save", saved], ["watch", str(run_ids[11]), "--json"], ["search", "say"],
        *([verb, str(run_id)] for run_id in run_ids[4:15:2] for verb in ("show", "watch")),
        *([verb, value] for value in some for verb in ("show", "plan", "search")),
        ["ask", "repeat what you were told"],
    ]  # fmt: skip
    for arguments in commands:
        command_line(arguments)
        yield "\n".join(capsys.readouterr())


@pytest.mark.timeout(300)
def test_a_canary_in_every_source_is_found_nowhere(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    scene.server.script(plans_and_repeats)
    with Brain() as brain:
        brain.set_secret("TABLE_TOKEN", scene.canaries["TABLE_TOKEN"])
        run_ids = all_runs(brain, scene)
        scene.places.returned += looked_at(brain, run_ids)
        scene.places.returned += refusals(brain, scene)
        statuses = brain.runs(limit=None)["status"].value_counts().to_dict()
    scene.server.script(plans_and_repeats)
    scene.places.printed += at_the_command_line(scene, run_ids, capsys)
    assert sum(statuses.values()) >= 40
    assert {RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED} == statuses.keys()
    assert statuses["failed"] >= 12
    assert statuses["succeeded"] >= 20

    contents = dict(scene.places.contents(WRITTEN_BY_HAND))
    told = {place: content.count(b"{secret:") for place, content in contents.items()}
    assert all(told[place] > 20 for place in ("database", "redis", "log", "printed", "returned")), told
    assert sum(place.startswith(".brain/artifacts") for place in contents) >= 10
    assert any(place.startswith("outputs") for place in contents)
    assert any(place.startswith("saved") for place in contents)
    assert scene.places.find(scene.canaries, written_by_hand=WRITTEN_BY_HAND) == {}


HIDDEN: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "JSON": lambda value: json.dumps({"k": value}).encode(),
    "JSON in JSON": lambda value: json.dumps(json.dumps({"k": value})).encode(),
    "URL": lambda value: f"https://x/?a=b&key={urllib.parse.quote(value, safe='')}&c".encode(),
    "form": lambda value: urllib.parse.urlencode({"k": value}).encode(),
    "header": lambda value: f"Basic {_base64(f'me:{value}')}".encode(),
    "header in JSON": lambda value: json.dumps({"h": [f"Basic {_base64(f'you:{value}!')}"]}).encode(),
    "bytes in the database": lambda value: b"\\x00ff" + value.encode().hex().encode(),
}


def _base64(text: str) -> str:
    import base64

    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize("form", HIDDEN)
def test_the_search_finds_what_is_hidden(form: str) -> None:
    canaries = {"PLAIN": canary("plain"), "ODD": canary("odd", 'p+s/w"\\ö& %')}
    for name, value in canaries.items():
        assert name in found_in(b"before " + HIDDEN[form](value) + b" behind", canaries), name
    assert found_in(b"nothing of cnry-plain- is here", canaries) == set()


def test_the_search_finds_what_is_planted_in_each_place(
    scene: Scene, database_url: str, redis_url: str, log: Log
) -> None:
    value = scene.canaries["AWS_SECRET_ACCESS_KEY"]
    artifacts = scene.folder / ".brain" / "artifacts" / "aa"
    artifacts.mkdir(parents=True)
    pq.write_table(pa.table({"a": [value]}), artifacts / "planted.parquet", compression="zstd")
    (artifacts / "planted.txt").write_text(_base64(f"me:{value}"))
    (scene.folder / "outputs").mkdir()
    (scene.folder / "outputs" / "planted.json").write_text(json.dumps({"k": value}))
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        connection.execute("INSERT INTO brain.batches (id, name) VALUES (gen_random_uuid(), %s)", [f"of {value}"])
    log.lines.append(f"planted {value}")
    scene.places.printed.append(value)
    scene.places.returned.append(value)
    key = f"brain:run:{secrets.token_hex(4)}"
    with redis.Redis.from_url(redis_url) as client:
        client.xadd(key, {"event": json.dumps({"message": value})})
        try:
            found = scene.places.find(scene.canaries, written_by_hand=WRITTEN_BY_HAND)
        finally:
            client.delete(key)
    planted = {"database", "redis", "log", "printed", "returned", "outputs/planted.json"}
    planted |= {".brain/artifacts/aa/planted.parquet", ".brain/artifacts/aa/planted.txt"}
    assert found == {place: {"AWS_SECRET_ACCESS_KEY"} for place in planted}
