"""Nothing that is hostile is reached over HTTP: not asked for, not redirected to, not by any tool."""

import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hostile_targets import SITE_ADDRESS, TARGETS, ChangingNames, HostileTarget, Kind
from web_site import Site, Visit, plain

from brain.egress import Body, Egress, EgressPolicy, WebRequest
from brain.errors import EgressRefused, ToolError
from brain.tool_registry.context import ToolContext
from brain.tool_registry.registry import Registry, built_in_tools_file
from brain.tools import feed, http, http_pages, pdf, scraperapi

DIRECT = [target for target in TARGETS if target.kind not in (Kind.CHANGING, Kind.REDIRECT)]
CHANGING = [target for target in TARGETS if target.kind is Kind.CHANGING]
REDIRECTS = [target for target in TARGETS if target.kind is Kind.REDIRECT]


class Victim:
    """Listens where nothing may connect to, and counts who does."""

    def __init__(self) -> None:
        self.connections = 0
        self._listening = [socket.create_server(("127.0.0.1", 0))]
        self.port: int = self._listening[0].getsockname()[1]
        with suppress(OSError):  # a machine without IPv6
            self._listening.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        for server in self._listening:
            threading.Thread(target=self._accept, args=(server,), daemon=True).start()

    def _accept(self, server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                server.accept()[0].close()
                self.connections += 1

    def close(self) -> None:
        for server in self._listening:
            server.shutdown(socket.SHUT_RDWR)
            server.close()


class Connects:
    """Where this process connects to, told by the interpreter itself (audit event `socket.connect`, PEP 578)."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []
        self.is_on = False
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.is_on and event == "socket.connect":
            self.seen.append(arguments[1])


CONNECTS = Connects()


@pytest.fixture
def connects() -> Iterator[list[tuple[str, int]]]:
    CONNECTS.seen.clear()
    CONNECTS.is_on = True
    yield CONNECTS.seen
    CONNECTS.is_on = False


@pytest.fixture(scope="module")
def victim() -> Iterator[Victim]:
    listening = Victim()
    yield listening
    listening.close()


def redirecting(status: int):
    def page(visit: Visit, query: str) -> None:
        visit.redirect(query, status)

    return page


@pytest.fixture(scope="module")
def site(victim: Victim) -> Iterator[Site]:
    pages = {"/": plain("hello"), "/to": redirecting(302), "/to/307": redirecting(307), "/to/308": redirecting(308)}
    with Site(pages, SITE_ADDRESS, victim.port) as server:
        yield server


def egress(*, robots: bool = True) -> Egress:
    policy = EgressPolicy(allow=(f"{SITE_ADDRESS}/32",), timeout=5, host_interval=0, robots=robots)
    return Egress(policy, _Names())


class _Names(ChangingNames):
    """A name that no target has is not found."""

    def __init__(self) -> None:
        super().__init__(TARGETS)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        try:
            return await super().__call__(host, port)
        except KeyError:
            raise ToolError(f"The host {host} was not found.") from None


@pytest.fixture(scope="module")
def way() -> Egress:
    return egress()


@dataclass
class Watched:
    """Everything around one fetch, to see afterwards that nothing went where it should not."""

    site: Site
    victim: Victim
    connects: list[tuple[str, int]]

    def assert_untouched(self, *reached: str) -> None:
        assert {address[0] for address in self.connects} <= set(reached)
        assert self.victim.connections == 0


@pytest.fixture
def watched(site: Site, victim: Victim, connects: list[tuple[str, int]]) -> Watched:
    return Watched(site, victim, connects)


def name(target: HostileTarget) -> str:
    return target.template.encode("unicode_escape").decode()


@pytest.mark.parametrize("target", DIRECT, ids=name)
async def test_a_hostile_address_is_refused_before_anything_is_connected_to(target, way, watched):
    with pytest.raises(ToolError if target.kind is Kind.MALFORMED else EgressRefused) as refused:
        await way.get(target.url(watched.victim.port))
    assert "hunter2" not in str(refused.value)
    assert not refused.value.transient
    watched.assert_untouched()


@pytest.mark.parametrize("kind", sorted({target.kind for target in DIRECT}), ids=lambda kind: kind.name)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_page_that_redirects_to_a_hostile_address_leads_nowhere(kind, method, way, watched):
    body = Body.of_text("a secret") if method == "POST" else None
    request = WebRequest(f"{watched.site.url}/lead", method=method, body=body)
    for target in (each for each in DIRECT if each.kind is kind):
        location = target.url(watched.victim.port).partition("\r")[0].encode().decode("latin-1")
        watched.site.pages["/lead"] = lambda visit, _, location=location: visit.redirect(location, 307)
        with suppress(ToolError):  # what reads as a path is one of the site itself
            assert (await way.send(request)).url.startswith(watched.site.url), location
    watched.assert_untouched(SITE_ADDRESS)


@pytest.mark.parametrize("target", REDIRECTS, ids=name)
async def test_a_chain_of_redirects_ends_before_the_hostile_address(target, way, watched):
    with pytest.raises(EgressRefused):
        await way.get(target.url(watched.victim.port))
    watched.assert_untouched(SITE_ADDRESS)


@pytest.mark.parametrize("robots", [True, False])
@pytest.mark.parametrize("target", CHANGING, ids=name)
async def test_a_name_that_changes_is_connected_to_where_it_was_checked(target, robots, watched):
    names, outcomes = egress(robots=robots), []
    for _ in range(4):
        with suppress(EgressRefused):
            outcomes.append((await names.get(target.url(watched.victim.port))).text)
    assert outcomes in ([], ["hello"], ["hello", "hello"])
    watched.assert_untouched(SITE_ADDRESS)


FETCHING = {
    "http.get": lambda url, context: http.get(url, context=context),
    "http.post": lambda url, context: http.post(url, text="a secret", context=context),
    "http.paginate": lambda url, context: http_pages.paginate(url, context=context),
    "feed.read": lambda url, context: feed.read(url, context=context),
    "pdf.extract_text": lambda url, context: pdf.extract_text(url=url, context=context),
    "scraperapi.get": lambda url, context: scraperapi.get(url, context=context),
}


@pytest.mark.parametrize("tool", FETCHING)
async def test_no_tool_reaches_a_hostile_address(tool, way, watched, tmp_path):
    context = ToolContext(tmp_path, way, model=None, secret=lambda name: name, report=lambda *_: None)
    for target in DIRECT:
        with pytest.raises(ToolError if target.kind is Kind.MALFORMED else EgressRefused):
            await FETCHING[tool](target.url(watched.victim.port), context)
    watched.assert_untouched()


def test_the_fetching_tools_are_all_that_take_an_address():
    takers = {tool.name for tool in Registry.from_file(built_in_tools_file()) if "url" in tool.parameters}
    in_a_browser = {name for name in takers if name.startswith("browser.")}  # tests/browser_hostiles.py is about those
    assert takers - in_a_browser == set(FETCHING)


def test_the_table_of_hostile_targets_is_long_and_has_every_kind():
    assert len({target.template for target in TARGETS}) == len(TARGETS) >= 150
    assert {target.kind for target in TARGETS} == set(Kind)
