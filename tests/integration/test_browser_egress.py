"""What pages make a browser do ends at the proxy: a server that is not allowed is reached by none of it.

Each kind of request is first shown to reach a server that is allowed, so that the rest means something.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from browser_hostiles import HINTS, IN_THE_PAGE, SHUT_OFF, TARGETS, TOP_LEVEL, Listener, Site, filled, page_of
from hardened import SITE, VICTIM, Watched, go, until
from playwright.async_api import Page

from brain.egress.chromium import launched, open_context
from brain.egress.proxy import FilteringProxy

pytestmark = pytest.mark.asyncio(loop_scope="module")

HAS_IPV6 = Path("/proc/net/if_inet6").exists()
FORMS = (VICTIM, "[::1]", "rebind.localhost")
"""Ways to name the victim to which every kind of request is sent."""
UDP_SENT = {"UDP_BYTES_SENT"}
LOOKED_UP = {"HOST_RESOLVER_SYSTEM_TASK", "HOST_RESOLVER_DNS_TASK", "DNS_TRANSACTION", "DNS_TRANSACTION_QUERY"}
"""Events of Chromium's NetLog (net/log/net_log_event_type_list.h)."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def victim() -> AsyncIterator[Listener]:
    async with Listener("127.0.0.1", *(["::1"] if HAS_IPV6 else [])) as server:
        yield server


def reached(victim: Listener) -> set[str]:
    return {target.strip("/").rstrip("?").partition("/")[0] for target in victim.asked}


async def test_each_kind_of_request_reaches_a_server_that_is_allowed(opened, site, victim):
    victim.forget()
    host, here = f"{VICTIM}:{victim.port}", f"http://{SITE}:{site.port}"
    site.pages["/control"] = page_of(IN_THE_PAGE, here, host)

    async def everything(page: Page) -> None:
        await go(page, f"{here}/control")
        await until(lambda: set(IN_THE_PAGE) <= reached(victim))

    await opened(Watched(SITE, VICTIM), everything)
    assert set(IN_THE_PAGE) - reached(victim) == set()


async def test_each_way_of_leading_a_page_on_reaches_a_server_that_is_allowed(opened, site, victim):
    victim.forget()
    host, here = f"{VICTIM}:{victim.port}", f"http://{SITE}:{site.port}"

    async def every_way(page: Page) -> None:
        for kind, url in TOP_LEVEL.items():
            await go(page, filled(url, here, host, kind))
            await until(lambda kind=kind: kind in reached(victim))

    await opened(Watched(SITE, VICTIM), every_way)
    assert set(TOP_LEVEL) - reached(victim) == set()


async def test_a_browser_as_it_comes_does_what_is_shut_off_here(playwright, program, site, tmp_path):
    """And leaves the traces that the log of the hardened one must not hold."""
    log, here = tmp_path / "net-log.json", f"http://{SITE}:{site.port}"
    async with AsyncExitStack() as stack:
        victims = {kind: await stack.enter_async_context(Listener("127.0.0.1")) for kind in SHUT_OFF}
        hosts = {kind: f"127.0.0.1:{victim.port}" for kind, victim in victims.items()}
        site.pages["/bare"] = page_of(SHUT_OFF, here, hosts) + "<img src='http://no-such-name.invalid/'>"
        bare = await playwright.chromium.launch(
            executable_path=program, chromium_sandbox=os.geteuid() != 0, args=[f"--log-net-log={log}"]
        )
        page = await (await bare.new_context()).new_page()
        await go(page, f"{here}/bare")
        await until(lambda: all(victim.reached for victim in victims.values()))
        assert [kind for kind, victim in victims.items() if not victim.reached] == []
        await bare.close()
    found = {name for name, _ in net_log(log)}
    assert found >= UDP_SENT
    assert found & LOOKED_UP


async def test_no_kind_of_request_reaches_a_server_that_is_not_allowed(opened, site, victim):
    victim.forget()
    await asyncio.gather(*(every_kind(opened, site, victim, form) for form in FORMS))
    assert victim.reached == 0


async def every_kind(opened, site: Site, victim: Listener, form: str) -> None:
    """Open a page that tries everything with the victim, under one form of its name."""
    name = form if form.startswith("rebind") else SITE
    here, egress = f"http://{name}:{site.port}", Watched(SITE, "127.0.0.3")
    site.pages[f"/{form}"] = page_of({**IN_THE_PAGE, **SHUT_OFF, **HINTS}, here, f"{form}:{victim.port}")
    await opened(egress, lambda page: linger(page, f"{here}/{form}", egress, at_least=len(IN_THE_PAGE)))
    assert egress.connected == {name}
    assert len(egress.asked) > len(IN_THE_PAGE)


async def linger(page: Page, url: str, egress: Watched, at_least: int) -> None:
    """Open a page, and stay until it has asked for so much, and a little longer."""
    await go(page, url)
    await until(lambda: len(egress.asked) > at_least)
    await asyncio.sleep(0.7)


async def test_no_page_is_led_on_to_a_server_that_is_not_allowed(opened, site, victim):
    victim.forget()
    here, egress = f"http://{SITE}:{site.port}", Watched(SITE)

    async def every_way(page: Page) -> None:
        for kind, url in TOP_LEVEL.items():
            before = egress.asked.count("127.0.0.1")
            await go(page, filled(url, here, f"127.0.0.1:{victim.port}", kind))
            assert await until(lambda before=before: egress.asked.count("127.0.0.1") > before)

    await opened(egress, every_way)
    assert victim.reached == 0
    assert egress.connected == {SITE}


async def test_no_page_reaches_an_address_of_the_table(opened, site, victim):
    victim.forget()
    egress, here = Watched(SITE), f"http://{SITE}:{site.port}"
    site.pages["/table"] = "<title>t</title><script>let ended = 0; const end = () => { ended += 1 }</script>" + "".join(
        f"<img src='http://{target}:{victim.port}/' onerror='end()'>"
        f"<script>fetch('http://{target}:{victim.port}/').catch(end)</script>"
        f"<script>fetch('https://{target}:{victim.port}/').catch(end)</script>"
        f"<script>try {{ new WebSocket('ws://{target}:{victim.port}/').onerror = end }} catch {{ end() }}</script>"
        for target in TARGETS
    )

    async def all_refused(page: Page) -> None:
        await go(page, f"{here}/table")
        await page.wait_for_function("want => ended === want", arg=4 * len(TARGETS), timeout=60_000)

    await opened(egress, all_refused)
    assert victim.reached == 0
    assert egress.connected == {SITE}
    assert len(egress.asked) > 2 * len(TARGETS)  # Chromium itself refuses some


async def test_no_address_of_the_table_is_opened(opened, victim):
    victim.forget()
    egress, shown = Watched(SITE), []

    async def open_each(page: Page) -> None:
        for target in TARGETS[::6]:  # each is asked for by a page, above
            await go(page, f"http://{target}:{victim.port}/")
            shown.extend([page.url] if page.url.startswith("http") else [])

    await opened(egress, open_each)
    assert shown == []
    assert victim.reached == 0
    assert egress.connected == set()
    assert len(egress.asked) >= len(TARGETS[::6])


async def test_the_tables_are_long_enough():
    assert len(set(TARGETS)) >= 60
    assert len({*IN_THE_PAGE, *TOP_LEVEL, *SHUT_OFF}) >= 60


async def test_what_is_shut_off_stays_so_for_servers_that_are_allowed(opened, site, victim):
    victim.forget()
    here, egress = f"http://{SITE}:{site.port}", Watched(SITE, VICTIM)
    site.pages["/shut-off"] = page_of(SHUT_OFF, here, f"{VICTIM}:{victim.port}")
    _, shown = await opened(egress, lambda page: linger(page, f"{here}/shut-off", egress, at_least=2))
    assert victim.datagrams == 0
    assert victim.asked == []
    assert victim.connections >= 1  # TURN over TCP, which goes through the proxy
    assert shown.failures == {}


async def test_the_browser_connects_to_the_proxy_alone_and_looks_up_no_name(
    playwright, program, site, victim, tmp_path
):
    """By Chromium's own record of every socket and look-up (NetLog)."""
    log, here, egress = tmp_path / "net-log.json", f"http://site.example:{site.port}", Watched("site.example")
    everything = {**IN_THE_PAGE, **SHUT_OFF, **HINTS}
    site.pages["/all"] = page_of(everything, here, f"victim.example:{victim.port}") + "<form><input name=user></form>"
    async with FilteringProxy() as proxy:
        port = proxy.port
        async with (
            launched(playwright, program, proxy, [f"--log-net-log={log}"]) as browser,
            open_context(browser, proxy, egress, seconds=60, viewport=(800, 600)) as (context, _),
        ):
            await linger(await context.new_page(), f"{here}/all", egress, at_least=len(IN_THE_PAGE) // 2)
    events = net_log(log)
    attempts = {params["address"] for name, params in events if name == "TCP_CONNECT_ATTEMPT" and "address" in params}
    assert attempts == {f"127.0.0.1:{port}"}
    assert {name for name, _ in events} & (UDP_SENT | LOOKED_UP) == set()
    # What the browser wants for itself shows no pass; what shows one is for hosts that the page names.
    assert set(egress.asked) == {"site.example", "victim.example"}


def net_log(path: Path) -> list[tuple[str, dict[str, object]]]:
    """Names and parameters of all events in a log."""
    written = json.loads(path.read_text())
    names = {number: name for name, number in written["constants"]["logEventTypes"].items()}
    return [(names[event["type"]], event.get("params", {})) for event in written["events"]]
