"""What pages make a browser do ends at the proxy: a server that is not allowed is reached by none of it.

Each kind of request is first shown to reach a server that is allowed, so that the rest means something.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
from browser_hostiles import HINTS, IN_THE_PAGE, NAMES, SHUT_OFF, TARGETS, TOP_LEVEL, Listener, Site, filled, page_of
from playwright.async_api import Browser, Error, Page, Playwright

from brain.egress import Egress, EgressPolicy
from brain.egress.chromium import driver, find_chromium, launched, open_context
from brain.egress.proxy import FilteringProxy, ProxyPass
from brain.errors import ToolError

pytestmark = pytest.mark.asyncio(loop_scope="module")

HAS_IPV6 = Path("/proc/net/if_inet6").exists()
SITE, VICTIM = "site.localhost", "victim.site.localhost"
FORMS = (VICTIM, "127.0.0.1", "[::1]", "rebind.localhost")
"""Ways to name the victim to which every kind of request is sent."""
UDP_SENT = {"UDP_BYTES_SENT"}
LOOKED_UP = {"HOST_RESOLVER_SYSTEM_TASK", "HOST_RESOLVER_DNS_TASK", "DNS_TRANSACTION", "DNS_TRANSACTION_QUERY"}
"""Events of Chromium's NetLog (net/log/net_log_event_type_list.h)."""


class Watched(Egress):
    """An egress over the names of the tests; it keeps whom it was asked for, and whom it connected to."""

    def __init__(self, *allow: str) -> None:
        super().__init__(EgressPolicy(allow=allow, timeout=5), self._known)
        self.asked: list[str] = []
        self.connected: set[str] = set()

    async def connect(self, host: str, port: int, timeout: float | None = None) -> object:  # noqa: ASYNC109
        self.asked.append(host)
        stream = await super().connect(host, port, timeout)
        self.connected.add(host)
        return stream

    async def _known(self, host: str, _port: int) -> list[str]:
        if host == "rebind.localhost":  # is the site when the page is opened, and the victim ever after
            return ["127.0.0.3"] if self.asked.count(host) == 1 else ["127.0.0.1"]
        if host not in NAMES:
            raise ToolError(f"The host {host} was not found.")
        return list(NAMES[host])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site() -> AsyncIterator[Site]:
    async with Site("127.0.0.1", "127.0.0.3") as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def victim() -> AsyncIterator[Listener]:
    async with Listener("127.0.0.1", *(["::1"] if HAS_IPV6 else [])) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def playwright() -> AsyncIterator[Playwright]:
    async with driver() as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def proxy() -> AsyncIterator[FilteringProxy]:
    async with FilteringProxy() as opened:
        yield opened


@pytest.fixture(scope="module")
def program(playwright: Playwright) -> Path:
    named = os.environ.get("BRAIN_CHROMIUM")
    return find_chromium(Path(named) if named else None, Path(playwright.chromium.executable_path))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(playwright: Playwright, program: Path, proxy: FilteringProxy) -> AsyncIterator[Browser]:
    async with launched(playwright, program, proxy) as started:
        yield started


@pytest.fixture
def opened(browser: Browser, proxy: FilteringProxy):
    """Do something in a page of the hardened browser under an egress."""

    async def run[T](egress: Egress, action: Callable[[Page], Awaitable[T]]) -> tuple[T, ProxyPass]:
        async with open_context(browser, proxy, egress, seconds=30, viewport=(800, 600)) as (context, shown):
            return await action(await context.new_page()), shown

    return run


async def until(holds: Callable[[], bool], seconds: float = 10) -> bool:
    """Wait for something to become true."""
    for _ in range(int(seconds / 0.05)):
        if holds():
            return True
        await asyncio.sleep(0.05)
    return False


def reached(victim: Listener) -> set[str]:
    return {target.strip("/").rstrip("?").partition("/")[0] for target in victim.asked}


async def go(page: Page, url: str) -> None:
    """Open an address, whatever becomes of it."""
    with suppress(Error):
        await page.goto(url, wait_until="commit", timeout=5000)


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
    site.pages["/table"] = "<title>t</title>" + "".join(
        f"<img src='http://{target}:{victim.port}/'><script>fetch('http://{target}:{victim.port}/')</script>"
        f"<script>fetch('https://{target}:{victim.port}/')</script>"
        f"<script>new WebSocket('ws://{target}:{victim.port}/')</script>"
        for target in TARGETS
    )
    await opened(egress, lambda page: linger(page, f"{here}/table", egress, at_least=3 * len(TARGETS)))
    assert victim.reached == 0
    assert egress.connected == {SITE}
    assert len(egress.asked) > 3 * len(TARGETS)


async def test_no_address_of_the_table_is_opened(opened, victim):
    victim.forget()
    egress, shown = Watched(SITE), []

    async def open_each(page: Page) -> None:
        for target in TARGETS[::3]:  # each is asked for by a page, above
            await go(page, f"http://{target}:{victim.port}/")
            shown.extend([page.url] if page.url.startswith("http") else [])

    await opened(egress, open_each)
    assert shown == []
    assert victim.reached == 0
    assert egress.connected == set()
    assert len(egress.asked) >= len(TARGETS[::3])


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
    log, here, egress = tmp_path / "net-log.json", f"http://{SITE}:{site.port}", Watched(SITE)
    everything = {**IN_THE_PAGE, **SHUT_OFF, **HINTS}
    site.pages["/all"] = page_of(everything, here, f"{VICTIM}:{victim.port}") + "<form><input name=user></form>"
    async with FilteringProxy() as proxy:
        port = proxy.port
        async with (
            launched(playwright, program, proxy, [f"--log-net-log={log}"]) as browser,
            open_context(browser, proxy, egress, seconds=30, viewport=(800, 600)) as (context, _),
        ):
            await linger(await context.new_page(), f"{here}/all", egress, at_least=len(IN_THE_PAGE))
    events = net_log(log)
    attempts = {params["address"] for name, params in events if name == "TCP_CONNECT_ATTEMPT" and "address" in params}
    assert attempts == {f"127.0.0.1:{port}"}
    assert {name for name, _ in events} & (UDP_SENT | LOOKED_UP) == set()
    # What the browser wants for itself shows no pass; what shows one is for hosts that the page names.
    assert set(egress.asked) == {SITE, VICTIM}


def net_log(path: Path) -> list[tuple[str, dict[str, object]]]:
    """Names and parameters of all events in a log."""
    written = json.loads(path.read_text())
    names = {number: name for name, number in written["constants"]["logEventTypes"].items()}
    return [(names[event["type"]], event.get("params", {})) for event in written["events"]]


NOT_PAGES = [
    "file:///etc/passwd",
    "file://localhost/etc/passwd",
    "data:text/html,<title>data</title>",
    "view-source:http://site.localhost/",
    "chrome://version",
    "chrome://settings/passwords",
    "chrome-untrusted://new-tab-page",
    "devtools://devtools/bundled/inspector.html",
    "filesystem:http://site.localhost/temporary/x.html",
    "ftp://site.localhost/",
]


async def test_a_page_leads_to_no_other_kind_of_address(opened, site):
    here = f"http://{SITE}:{site.port}"

    async def lead_on(page: Page) -> list[str]:
        shown = []
        for address in NOT_PAGES:
            site.pages["/lead"] = f"<title>lead</title><script>location = {json.dumps(address)}</script>"
            await go(page, f"{here}/lead")
            await asyncio.sleep(0.1)
            with suppress(Error):  # it has just led on
                shown.append(f"{page.url} {await page.title()}".strip())
        return shown

    shown, _ = await opened(Watched(SITE), lead_on)
    assert set(shown) <= {f"{here}/lead lead", "about:blank#blocked"}
    assert len(shown) > len(NOT_PAGES) / 2


async def test_what_asks_for_permission_is_denied(opened, site):
    names = ["geolocation", "notifications", "camera", "microphone", "clipboard-read", "persistent-storage", "midi"]

    async def states(page: Page) -> list[str]:
        await page.goto(f"http://{SITE}:{site.port}/")
        ask = "names => Promise.all(names.map(name => navigator.permissions.query({name}).then(p => p.state)))"
        return await page.evaluate(ask, names)

    assert (await opened(Watched(SITE), states))[0] == ["denied"] * len(names)


async def test_a_download_leaves_no_file(opened, site):
    site.pages["/download"] = "<a download=f.txt href='/file'>x</a><script>document.querySelector('a').click()</script>"

    async def failure(page: Page) -> str | None:
        async with page.expect_download() as begun:
            await page.goto(f"http://{SITE}:{site.port}/download")
        with pytest.raises(Error, match="accept_downloads"):
            await (await begun.value).path()
        return await (await begun.value).failure()

    assert (await opened(Watched(SITE), failure))[0]


async def test_contexts_share_nothing(opened, site):
    async def cookies_and_storage(page: Page) -> object:
        await page.goto(f"http://{SITE}:{site.port}/")
        return await page.evaluate(
            "() => { const before = [document.cookie, localStorage.a]; document.cookie = 'a=b'; localStorage.a = 1;"
            " return before }"
        )

    for _ in range(2):
        assert (await opened(Watched(SITE), cookies_and_storage))[0] == ["", None]


async def test_a_context_cannot_use_the_pass_of_another(browser, proxy, site):
    """Chromium keeps the credentials for a proxy by context; a second one has to show its own."""
    here = f"http://{SITE}:{site.port}"
    async with (
        open_context(browser, proxy, Watched(SITE), seconds=30, viewport=(800, 600)) as (wide, _),
        open_context(browser, proxy, Watched("elsewhere.example"), seconds=30, viewport=(800, 600)) as (narrow, shown),
    ):
        await (await wide.new_page()).goto(f"{here}/")
        with pytest.raises(Error, match="ERR_HTTP_RESPONSE_CODE_FAILURE"):
            await (await narrow.new_page()).goto(f"{here}/")
    assert shown.refused == [SITE]


async def test_a_page_outside_of_every_context_gets_nowhere(browser, site):
    site.forget()
    page = await browser.new_page()
    with pytest.raises(Error):
        await page.goto(f"http://{SITE}:{site.port}/", timeout=5000)
    await page.context.close()
    assert site.reached == 0


async def test_what_playwright_disables_stays_disabled(playwright, program, browser):
    """Chromium takes the last --disable-features alone, so that ours has to hold Playwright's."""
    before = {process.pid for process in browser_processes()}
    bare = await playwright.chromium.launch(executable_path=program, chromium_sandbox=os.geteuid() != 0)
    [plain] = [process for process in browser_processes() if process.pid not in before]
    of_playwright = disabled_features(plain)
    await bare.close()
    [hardened] = [process for process in browser_processes() if process.pid in before]
    assert len(of_playwright) > 5
    assert disabled_features(hardened) >= of_playwright


def disabled_features(process: psutil.Process) -> set[str]:
    given = [flag.partition("=")[2] for flag in process.cmdline() if flag.startswith("--disable-features=")]
    return set(given[-1].split(","))


async def test_the_process_holds_no_secret_and_the_flags_that_matter(playwright, program, proxy, monkeypatch):
    monkeypatch.setenv("CANARY_API_KEY", "canary-in-the-environment")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("PLAYWRIGHT_DISABLE_FORCED_CHROMIUM_PROXIED_LOOPBACK", "1")
    async with launched(playwright, program, proxy):
        main = browser_processes()[-1]
        flags, environment = main.cmdline(), main.environ()
    assert "CANARY_API_KEY" not in environment
    assert "HTTPS_PROXY" not in environment
    assert "--proxy-bypass-list=<-loopback>" in flags
    assert [flag for flag in flags if flag.startswith("--proxy-server=")] == [
        f"--proxy-server=http://egress-proxy.invalid:{proxy.port}"
    ]
    assert ("--no-sandbox" in flags) is (os.geteuid() == 0)
    assert "--disable-popup-blocking" not in flags
    [profile] = [flag.partition("=")[2] for flag in flags if flag.startswith("--user-data-dir=")]
    assert await until(lambda: not Path(profile).exists())
    assert await until(lambda: not main.is_running())


def browser_processes() -> list[psutil.Process]:
    """The main process of every browser that this process has started, the newest last."""
    return sorted(filter(is_main, psutil.Process().children(recursive=True)), key=lambda main: main.create_time())


def is_main(process: psutil.Process) -> bool:
    try:
        flags = process.cmdline()
    except psutil.Error:  # it has just ended
        return False
    return "--remote-debugging-pipe" in flags and not any(flag.startswith("--type=") for flag in flags)
