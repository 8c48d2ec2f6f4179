"""Calls that are given secrets: over real sockets, where they may go, and what comes back of the values."""

import asyncio
import base64
import json
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from command_line import site
from echo_place import CDN, OTHER, PIN, SHOP, TABLED, TOKEN, Echo, Place

from brain.artifacts import File
from brain.config_secrets import SecretResolver
from brain.database.engine import Database
from brain.egress import Egress
from brain.errors import ToolError
from brain.executor.local import Surroundings
from brain.runs import RunStatus
from brain.tool_registry.context import ToolContext
from brain.vault import KeyRing, Vault


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def place(tmp_path: Path, echo: Echo) -> Iterator[Place]:
    with site(echo.as_answer()) as address:
        yield Place(tmp_path, int(address.rpartition(":")[2]))


async def fetch(url: str, *, context: ToolContext) -> str:
    page = await context.egress.get(url, {"Authorization": f"Bearer {context.secret('SHOP_TOKEN')}"})
    return page.text


async def test_a_secret_goes_to_its_host_and_what_the_host_echoes_is_redacted(place: Place, echo: Echo) -> None:
    told = await place.call(place.tool(fetch, SHOP_TOKEN=(SHOP,)), url=place.at(SHOP))
    assert echo.asked[0][1]["authorization"] == f"Bearer {TOKEN}"
    assert json.loads(told)["headers"]["authorization"] == "Bearer ${secret:SHOP_TOKEN}"


async def test_to_any_other_host_it_does_not_go(place: Place, echo: Echo) -> None:
    with pytest.raises(ToolError) as caught:
        await place.call(place.tool(fetch, SHOP_TOKEN=(SHOP,)), url=place.at(OTHER))
    assert str(caught.value) == (
        f"{place.at(OTHER)} was refused: this call has been given the secret SHOP_TOKEN, which may only go to {SHOP}; "
        f"add {OTHER} to the hosts of SHOP_TOKEN in tools.json if the tool may reach it."
    )
    assert echo.asked == []


@pytest.mark.parametrize(
    "target", ["http://other.example:{port}/", "//other.example:{port}/x", "http://127.0.0.1:{port}/"]
)
async def test_a_redirect_does_not_lead_out(target: str, place: Place, echo: Echo) -> None:
    leads_out = place.at(SHOP, f"/to?{target.format(port=place.port)}")
    with pytest.raises(ToolError, match=r"given the secret SHOP_TOKEN, which may only go to api\.shop\.example"):
        await place.call(place.tool(fetch, SHOP_TOKEN=(SHOP,)), url=leads_out)
    assert [path.partition("?")[0] for path, _ in echo.asked] == ["/to"]


async def test_a_redirect_to_a_host_of_the_binding_is_followed(place: Place, echo: Echo) -> None:
    leads_on = place.at(SHOP, f"/to?{place.at(CDN, '/picture')}")
    told = await place.call(place.tool(fetch, SHOP_TOKEN=(SHOP, "*.cdn.example")), url=leads_on)
    assert json.loads(told)["path"] == "/picture"


async def test_before_it_asks_a_call_goes_anywhere_and_afterwards_not(place: Place, echo: Echo) -> None:
    async def both(url: str, *, context: ToolContext) -> None:
        await context.egress.get(url)
        context.secret("SHOP_TOKEN")
        await context.egress.get(url)

    bound = place.tool(both, SHOP_TOKEN=(SHOP,))
    with pytest.raises(ToolError, match="given the secret SHOP_TOKEN"):
        await place.call(bound, url=place.at(OTHER))
    assert len(echo.asked) == 1
    with pytest.raises(ToolError, match="given the secret SHOP_TOKEN"):
        await place.call(bound, url=place.at(OTHER))
    assert len(echo.asked) == 2, "the next call begins with all of the network"


async def test_a_connection_that_was_open_before_takes_nothing_more(place: Place) -> None:
    received, closed = bytearray(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while part := await reader.read(100):
            received.extend(part)
        writer.close()
        closed.set()

    async def keep_open(value: int, *, context: ToolContext) -> None:
        stream = await context.egress.connect(OTHER, value)
        try:
            await stream.write(b"before ")
            await stream.write(f"after {context.secret('SHOP_TOKEN')}".encode())
        finally:
            await stream.aclose()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(ToolError, match="given the secret SHOP_TOKEN"):
            await place.call(place.tool(keep_open, SHOP_TOKEN=(SHOP,)), value=port)
        await asyncio.wait_for(closed.wait(), 5)
    assert bytes(received) == b"before "


async def test_of_several_secrets_the_hosts_that_all_share_are_left(place: Place, echo: Echo) -> None:
    async def with_both(url: str, *, context: ToolContext) -> str:
        context.secret("SHOP_TOKEN"), context.secret("SIGNING_PIN")
        return (await context.egress.get(url)).url

    bound = place.tool(with_both, SHOP_TOKEN=(SHOP, OTHER), SIGNING_PIN=(OTHER, CDN))
    assert await place.call(bound, url=place.at(OTHER)) == place.at(OTHER)
    for host, secret in ((SHOP, "SIGNING_PIN"), (CDN, "SHOP_TOKEN")):
        with pytest.raises(ToolError, match=f"given the secret {secret}"):
            await place.call(bound, url=place.at(host))
    assert len(echo.asked) == 1


async def test_a_secret_without_hosts_leaves_no_network(place: Place, echo: Echo) -> None:
    async def sign(url: str, *, context: ToolContext) -> None:
        context.secret("SIGNING_PIN")
        await context.egress.get(url)

    with pytest.raises(ToolError, match="given the secret SIGNING_PIN, which may go to no host"):
        await place.call(place.tool(sign, SIGNING_PIN=()), url=place.at(SHOP))
    assert echo.asked == []


async def test_calls_at_the_same_time_do_not_narrow_each_other(place: Place, echo: Echo) -> None:
    given = asyncio.Event()

    async def slow(url: str, *, context: ToolContext) -> None:
        context.secret("SHOP_TOKEN")
        given.set()
        await asyncio.sleep(0.05)
        await context.egress.get(url)

    async def free(url: str, *, context: ToolContext) -> str:
        await given.wait()
        return (await context.egress.get(url)).url

    held = asyncio.create_task(place.call(place.tool(slow, SHOP_TOKEN=(SHOP,)), url=place.at(OTHER)))
    assert await place.call(place.tool(free, SHOP_TOKEN=(SHOP,)), url=place.at(OTHER)) == place.at(OTHER)
    with pytest.raises(ToolError, match="given the secret SHOP_TOKEN"):
        await held


async def test_a_plain_function_on_a_thread_asks_and_narrows_too(place: Place, echo: Echo) -> None:
    loop = asyncio.get_running_loop()

    def on_a_thread(url: str, *, context: ToolContext) -> str:
        assert threading.current_thread() is not threading.main_thread()
        context.secret("SHOP_TOKEN")
        return asyncio.run_coroutine_threadsafe(context.egress.get(url), loop).result().url

    bound = place.tool(on_a_thread, SHOP_TOKEN=(SHOP,))
    assert await place.call(bound, url=place.at(SHOP)) == place.at(SHOP)
    with pytest.raises(ToolError, match="given the secret SHOP_TOKEN"):
        await place.call(bound, url=place.at(OTHER))


async def test_a_secret_in_an_argument_binds_the_call_as_well(place: Place, echo: Echo) -> None:
    async def post(url: str, value: str, *, context: ToolContext) -> str:
        return (await context.egress.get(url, {"X-Key": value})).text

    place.tool(post, SHOP_TOKEN=(SHOP,))
    step = {"id": "a", "tool": "t.post", "arguments": {"url": place.at(SHOP), "value": "Key ${secret:SHOP_TOKEN}"}}
    good = await place.run(step)
    assert good.status is RunStatus.SUCCEEDED
    assert echo.asked[0][1]["x-key"] == f"Key {TOKEN}"
    assert TOKEN not in str(good)
    assert good.steps["a"].arguments["value"] == "Key ${secret:SHOP_TOKEN}"
    bad = await place.run({**step, "arguments": {**step["arguments"], "url": place.at(OTHER)}})
    assert "given the secret SHOP_TOKEN" in (bad.error or "")
    assert len(echo.asked) == 1


async def test_text_that_looks_like_a_reference_is_never_replaced(place: Place, echo: Echo) -> None:
    async def page() -> dict[str, Any]:
        return {"text": "${secret:SHOP_TOKEN}", "list": ["${secret:SHOP_TOKEN}"], "${secret:SHOP_TOKEN}": 1}

    async def keep(value: Any, also: Any = None, *, context: ToolContext) -> dict[str, Any]:
        seen.append((value, also))
        return {"value": value, "free": (await context.egress.get(place.at(OTHER))).url}

    seen: list[Any] = []
    place.tool(page)
    place.tool(keep, SHOP_TOKEN=(SHOP,))
    done = await place.run(
        {"id": "page", "tool": "t.page"},
        {"id": "whole", "tool": "t.keep", "arguments": {"value": "${page}"}},
        {"id": "inside", "tool": "t.keep", "arguments": {"value": "it says ${page.text}"}},
        {"id": "escaped", "tool": "t.keep", "arguments": {"value": "$${secret:SHOP_TOKEN}"}},
        {"id": "each", "tool": "t.keep", "foreach": "${page.list}", "arguments": {"value": "${item}"}},
    )
    assert done.status is RunStatus.SUCCEEDED, done.error
    assert TOKEN not in str(seen)
    assert seen.count(("${secret:SHOP_TOKEN}", None)) == 2
    assert ("it says ${secret:SHOP_TOKEN}", None) in seen
    assert len(echo.asked) == 4, "no call was bound by a text"
    seen.clear()
    mixed = {"value": "${secret:SHOP_TOKEN}", "also": "${page.text}"}
    await place.run({"id": "page", "tool": "t.page"}, {"id": "mixed", "tool": "t.keep", "arguments": mixed})
    assert seen == [(TOKEN, "${secret:SHOP_TOKEN}")], "only what the pipeline itself holds is filled in"


async def test_a_secret_that_is_not_bound_or_not_set_is_refused(place: Place) -> None:
    async def ask(value: str, *, context: ToolContext) -> None:
        context.secret(value)

    bound = place.tool(ask, SHOP_TOKEN=(SHOP,), LATER_KEY=())
    with pytest.raises(ToolError, match=r"t\.ask may not use the secret SIGNING_PIN: its definition does not bind it"):
        await place.call(bound, value="SIGNING_PIN")
    with pytest.raises(
        ToolError, match=r"The secret LATER_KEY is not set: add LATER_KEY=\.\.\. .* `brain secrets set LAT"
    ):
        await place.call(bound, value="LATER_KEY")


def refuse(value: str) -> ToolError:
    return ToolError(f"the server did not like {value}", transient=True)


class Peculiar(ToolError):
    def __init__(self, value: str, place: str) -> None:
        super().__init__(f"{value} at {place}")


RAISED: dict[str, Callable[[str], Exception]] = {
    "an ordinary error": lambda value: ValueError(f"invalid literal: {value!r}"),
    "an error of ours": refuse,
    "one with a constructor of its own": lambda value: Peculiar(value, "the shop"),
    "base64": lambda value: KeyError(base64.b64encode(f"me:{value}".encode()).decode()),
    "shortened": lambda value: RuntimeError(f"https://api.shop.example/?key={value[:-2]}…"),
}


@pytest.mark.parametrize("kind", RAISED)
async def test_no_exception_carries_the_value(kind: str, place: Place, caplog: pytest.LogCaptureFixture) -> None:
    def fail(*, context: ToolContext) -> None:
        value = context.secret("SIGNING_PIN")
        try:
            int(value)
        except ValueError as exc:
            raise RAISED[kind](value) from exc

    with caplog.at_level(logging.DEBUG), pytest.raises(ToolError) as caught:
        await place.call(place.tool(fail, SIGNING_PIN=()))
    error: BaseException | None = caught.value
    assert "${secret:SIGNING_PIN}" in str(error)
    assert error.__cause__ is error.__context__ is None
    assert PIN[:8] not in str(error)
    assert caught.value.transient is (kind != "one with a constructor of its own")
    assert caplog.records, "what was raised is in the log"


async def test_results_reports_files_and_tables_hold_no_value(place: Place) -> None:
    def give_all(*, context: ToolContext) -> Any:
        value = context.secret("SIGNING_PIN")
        context.report(50, f"sending {value}")
        header = base64.b64encode(f"user:{value}".encode()).decode()
        return {
            value: [value, header, {"deep": f"?key={value}"}],
            "table": pa.table({"a": [value, "x"], "b": [[value], []]}),
            "file": File(f"key={value}\n".encode(), "text/plain", "notes.txt"),
        }

    told = await place.call(place.tool(give_all, SIGNING_PIN=()))
    kept = b"".join(place.store._contents.values())
    for shown in (json.dumps(told), str(place.reports.told), repr(kept), str(place.codec.unpack(told))):
        assert PIN not in shown
        assert base64.b64encode(PIN.encode()).decode()[:-3] not in shown
    assert place.reports.told == [(50, "sending ${secret:SIGNING_PIN}")]
    assert place.codec.unpack(told)["file"].content == b"key=${secret:SIGNING_PIN}\n"
    assert told["table"]["head"][0] == {"a": "${secret:SIGNING_PIN}", "b": ["${secret:SIGNING_PIN}"]}


@pytest.fixture
async def table(database: Database) -> Vault:
    return Vault(database, KeyRing([bytes(32)]))


@pytest.fixture
async def tabled(tmp_path: Path, echo: Echo, table: Vault) -> AsyncIterator[Place]:
    with site(echo.as_answer()) as address:
        made = Place(tmp_path, int(address.rpartition(":")[2]), table)
        del made.environment["SHOP_TOKEN"]
        yield made


async def test_what_the_environment_does_not_have_comes_from_the_table(tabled: Place, table: Vault, echo: Echo) -> None:
    await table.put("SHOP_TOKEN", TABLED)
    bound = tabled.tool(fetch, SHOP_TOKEN=(SHOP,))
    told = await tabled.call(bound, url=tabled.at(SHOP))
    assert echo.asked[-1][1]["authorization"] == f"Bearer {TABLED}"
    assert TABLED not in told
    with pytest.raises(ToolError, match="given the secret SHOP_TOKEN"):
        await tabled.call(bound, url=tabled.at(OTHER))
    tabled.environment["SHOP_TOKEN"] = TOKEN
    await tabled.call(bound, url=tabled.at(SHOP))
    assert echo.asked[-1][1]["authorization"] == f"Bearer {TOKEN}", "the environment comes first"


async def test_a_change_in_the_table_is_seen_by_the_next_call(tabled: Place, table: Vault, echo: Echo) -> None:
    bound = tabled.tool(fetch, SHOP_TOKEN=(SHOP,))
    for value in ("the-first-value-1", "the-second-value-2"):
        await table.put("SHOP_TOKEN", value)
        told = await tabled.call(bound, url=tabled.at(SHOP))
        assert echo.asked[-1][1]["authorization"] == f"Bearer {value}"
        assert value not in told, "a value that was set elsewhere is redacted once it was given"
    await table.remove("SHOP_TOKEN")
    with pytest.raises(ToolError, match="The secret SHOP_TOKEN is not set"):
        await tabled.call(bound, url=tabled.at(SHOP))


async def test_a_call_keeps_the_value_that_there_was_when_it_began(tabled: Place, table: Vault) -> None:
    begun, changed = asyncio.Event(), asyncio.Event()

    async def wait(*, context: ToolContext) -> int:
        begun.set()
        await changed.wait()
        return len(context.secret("SHOP_TOKEN"))

    await table.put("SHOP_TOKEN", "short-one")
    call = asyncio.create_task(tabled.call(tabled.tool(wait, SHOP_TOKEN=())))
    await begun.wait()
    await table.put("SHOP_TOKEN", "a-much-longer-one")
    changed.set()
    assert await call == len("short-one")


async def test_a_tool_that_binds_nothing_asks_no_table(tmp_path: Path, place: Place) -> None:
    class Untouched:
        async def look_up(self, names: Any) -> Any:
            raise AssertionError(f"nobody needs {names}")

    place.caller._around = Surroundings(
        tmp_path,
        place.codec,
        Egress(),
        place.caller._around.model,
        SecretResolver(place.environment, Untouched()),
        place.redactor,
    )  # fmt: skip

    async def plain() -> int:
        return 1

    async def bound(*, context: ToolContext) -> int:
        return len(context.secret("SHOP_TOKEN"))

    assert await place.call(place.tool(plain)) == 1
    assert await place.call(place.tool(bound, SHOP_TOKEN=())) == len(TOKEN), "the environment has it"
