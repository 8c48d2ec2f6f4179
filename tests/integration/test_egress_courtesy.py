"""robots.txt and sparing hosts, on a real server: what it was asked for, and when."""

import asyncio
import threading
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest
from web_site import Page, Site, SiteEgress, Visit, plain

from brain.egress import Body, WebRequest
from brain.egress.robots import RobotsRules
from brain.errors import EgressRefused, ToolError

RULES = "User-agent: *\nDisallow: /private\nAllow: /private/open\n"


class Times:
    """A page that remembers when it was asked for, and how many asked at once."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.started: list[float] = []
        self.most_at_once = 0
        self._now = 0
        self._counting = threading.Lock()

    def __call__(self, visit: Visit, _query: str) -> None:
        with self._counting:
            self.started.append(time.monotonic())
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
        time.sleep(self.seconds)
        with self._counting:
            self._now -= 1
        visit.answer(b"hello")


def status(code: int, **headers: str) -> Page:
    return lambda visit, _: visit.answer(b"", code, **headers)


@pytest.fixture
def site() -> Iterator[Site]:
    with Site({"/": plain("hello"), "/private": plain("secret"), "/private/open": plain("open")}) as server:
        yield server


async def test_a_page_that_robots_txt_excludes_is_not_fetched(site):
    site.pages["/robots.txt"] = plain(RULES)
    with pytest.raises(EgressRefused) as refused:
        await SiteEgress(site).get("http://me:hunter2@shop.example/private?a=1")
    assert str(refused.value) == (
        "http://shop.example/private?a=1 was not fetched, because http://shop.example/robots.txt excludes it for "
        "the-brain; if shop.example is yours or lets you, add shop.example to BRAIN_ALLOW_HOSTS, or set "
        "BRAIN_ROBOTS=off for all hosts."
    )
    assert not refused.value.transient
    assert site.paths == ["/robots.txt"]
    assert site.asked[0].headers["user-agent"] == "the-brain"


async def test_the_longest_rule_for_this_agent_counts(site):
    rules = f"{RULES}\nUser-agent: the-brain\nDisallow: /\nAllow: /private\n\nUser-agent: brain\nDisallow: /private\n"
    site.pages["/robots.txt"] = plain(rules)
    way = SiteEgress(site)
    assert (await way.get("http://shop.example/private")).text == "secret"
    with pytest.raises(EgressRefused):
        await way.get("http://shop.example/")


async def test_robots_txt_is_read_once_an_origin_also_by_many_at_once(site):
    site.pages["/robots.txt"] = plain(RULES)
    way = SiteEgress(site)
    await asyncio.gather(*(way.get(f"http://shop.example/?{number}") for number in range(9)))
    await way.get("http://shop.example/private/open")
    assert site.paths.count("/robots.txt") == 1
    await way.get("http://shop.example:8080/")
    await way.get("http://other.example/")
    assert site.paths.count("/robots.txt") == 3


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410, 429])
async def test_where_there_is_no_robots_txt_everything_is_allowed(site, code):
    site.pages["/robots.txt"] = status(code)
    assert (await SiteEgress(site).get("http://shop.example/private")).text == "secret"


async def test_where_robots_txt_fails_nothing_is_fetched_until_it_is_read(site):
    site.pages["/robots.txt"] = status(503)
    way = SiteEgress(site)
    with pytest.raises(ToolError) as failure:
        await way.get("http://shop.example/")
    assert str(failure.value) == (
        "http://shop.example/robots.txt answered 503 Service Unavailable, and unless it is read no page of "
        "shop.example is fetched; try again later."
    )
    assert failure.value.transient
    site.pages["/robots.txt"] = plain(RULES)
    assert (await way.get("http://shop.example/")).text == "hello"


@pytest.mark.parametrize("page", [lambda visit, _: visit.half(), lambda visit, _: visit.server.stopped.wait(9)])
async def test_a_robots_txt_that_does_not_come_may_come_later(site, page):
    site.pages["/robots.txt"] = page
    with pytest.raises(ToolError, match=r"robots\.txt .* unless it is read no page of shop\.example") as failure:
        await SiteEgress(site, timeout=0.3).get("http://shop.example/")
    assert failure.value.transient
    assert "/" not in site.paths


async def test_all_who_wait_for_a_robots_txt_that_fails_are_told_at_once(site):
    site.pages["/robots.txt"] = lambda visit, _: visit.server.stopped.wait(9)
    way = SiteEgress(site, timeout=0.3)
    failures = await asyncio.gather(*(way.get("http://shop.example/") for _ in range(5)), return_exceptions=True)
    assert [type(failure) for failure in failures] == [ToolError] * 5
    assert site.paths == ["/robots.txt"]


async def test_who_gives_up_waiting_for_robots_txt_does_not_take_it_from_the_others(site):
    site.pages["/robots.txt"] = lambda visit, _: (time.sleep(0.2), visit.answer(RULES.encode()))
    way = SiteEgress(site)
    first = asyncio.create_task(way.get("http://shop.example/"))
    await asyncio.sleep(0.05)
    second = asyncio.create_task(way.get("http://shop.example/"))
    await asyncio.sleep(0.05)
    first.cancel()
    assert (await second).text == "hello"
    assert first.cancelled() or first.cancelling()


@pytest.mark.parametrize("target", ["/rules", "http://rules.example/rules"])
async def test_a_robots_txt_may_be_elsewhere(site, target):
    site.pages |= {"/robots.txt": lambda visit, _: visit.redirect(target), "/rules": plain(RULES)}
    with pytest.raises(EgressRefused, match=r"because http://shop\.example/robots\.txt excludes it"):
        await SiteEgress(site).get("http://shop.example/private")


async def test_a_robots_txt_that_redirects_without_end_is_none(site):
    site.pages["/robots.txt"] = lambda visit, _: visit.redirect("/robots.txt")
    assert (await SiteEgress(site).get("http://shop.example/private")).text == "secret"


async def test_a_robots_txt_that_leads_to_a_private_address_is_refused(site):
    site.pages["/robots.txt"] = lambda visit, _: visit.redirect("http://10.0.0.1/robots.txt")
    with pytest.raises(EgressRefused, match=r"10\.0\.0\.1 is not a public address.*; BRAIN_ROBOTS=off does without"):
        await SiteEgress(site).get("http://shop.example/")


@pytest.mark.parametrize(("comment", "is_excluded"), [(500_000, True), (520_000, False)])
@pytest.mark.parametrize("zipped", [False, True])
async def test_of_a_long_robots_txt_the_first_500_kib_are_read(site, comment, is_excluded, zipped):
    lines = "User-agent: *\n" + "# tedious\n" * (comment // 10) + "Disallow: /private\n"
    site.pages["/robots.txt"] = plain(lines + "# more\n" * 200_000, zipped=zipped)
    way = SiteEgress(site)
    if is_excluded:
        with pytest.raises(EgressRefused):
            await way.get("http://shop.example/private")
    else:
        assert (await way.get("http://shop.example/private")).text == "secret"


@pytest.mark.parametrize("nonsense", [b"\x89PNG\xff\xfe\x00\x00", b"<html>Disallow: /</html>", b"", b"Disallow: /\n"])
async def test_a_robots_txt_without_sense_excludes_nothing(site, nonsense):
    site.pages["/robots.txt"] = plain(nonsense)
    assert (await SiteEgress(site).get("http://shop.example/private")).text == "secret"


async def test_the_rules_hold_where_a_redirect_leads(site):
    site.pages |= {"/robots.txt": plain(RULES), "/lead": lambda visit, _: visit.redirect("http://b.example/private")}
    with pytest.raises(EgressRefused, match=r"http://b\.example/robots\.txt excludes it"):
        await SiteEgress(site).get("http://a.example/lead")
    assert "/private" not in site.paths


@pytest.mark.parametrize("own", ["shop.example", "*.example"])
async def test_a_host_that_the_settings_name_is_the_projects_own(site, own):
    site.pages["/robots.txt"] = plain(RULES)
    way = SiteEgress(site, allow=("127.0.0.0/8", own), host_interval=10)
    for _ in range(3):
        assert (await way.get("http://shop.example/private")).text == "secret"
    assert "/robots.txt" not in site.paths


async def test_robots_txt_can_be_switched_off(site):
    site.pages["/robots.txt"] = plain(RULES)
    assert (await SiteEgress(site, robots=False).get("http://shop.example/private")).text == "secret"
    assert site.paths == ["/private"]


async def test_what_changes_something_does_not_ask_robots_txt(site):
    site.pages["/robots.txt"] = plain(RULES)
    await SiteEgress(site).send(WebRequest("http://shop.example/private", method="POST", body=Body.of_text("order")))
    assert site.paths == ["/private"]


async def test_a_way_that_does_not_lead_through_here_can_ask_too(site):
    site.pages["/robots.txt"] = plain(RULES)
    way = SiteEgress(site)
    await way.check_robots("http://shop.example/")
    with pytest.raises(EgressRefused, match="excludes it"):
        await way.check_robots("http://shop.example/private")
    with pytest.raises(EgressRefused, match=r"http://10\.1\.1\.1/ was refused: 10\.1\.1\.1 is not a public address"):
        await way.check_robots("http://10.1.1.1/")
    assert site.paths == ["/robots.txt"]


async def test_crawl_delay_is_kept(site):
    times = Times()
    site.pages |= {"/robots.txt": plain("User-agent: *\nCrawl-delay: 0.2\n"), "/": times}
    way = SiteEgress(site)
    await asyncio.gather(*(way.get("http://shop.example/") for _ in range(3)))
    assert all(later - earlier > 0.15 for earlier, later in pairwise(times.started))


@pytest.mark.parametrize(("said", "seconds"), [("2", 2), ("86400", 10), ("-5", 0), ("soon", 0), ("nan", 0), ("inf", 0)])
def test_crawl_delay_is_bounded(said, seconds):
    assert RobotsRules.of("http://x.example/robots.txt", f"User-agent: *\nCrawl-delay: {said}\n").delay == seconds


async def test_requests_to_one_host_are_so_far_apart_and_to_several_are_not(site):
    times = Times()
    site.pages["/"] = times
    way = SiteEgress(site, robots=False, host_interval=0.15)
    await asyncio.gather(*(way.get(f"http://{host}.example/") for host in "abcd" for _ in range(3)))
    assert len(times.started) == 12
    assert times.started[-1] - times.started[0] > 0.25
    assert min(later - earlier for earlier, later in pairwise(times.started)) < 0.1


async def test_at_most_four_requests_are_at_one_host(site):
    times = Times(seconds=0.1)
    site.pages["/"] = times
    way = SiteEgress(site, robots=False)
    await asyncio.gather(*(way.get("http://shop.example/") for _ in range(10)))
    assert times.most_at_once == 4
    own = SiteEgress(site, allow=("127.0.0.0/8", "shop.example"))
    await asyncio.gather(*(own.get("http://shop.example/") for _ in range(10)))
    assert times.most_at_once > 4


async def test_waiting_for_a_turn_is_not_time_that_the_server_took(site):
    site.pages["/"] = Times(seconds=0.2)
    way = SiteEgress(site, robots=False, timeout=0.5)
    pages = await asyncio.gather(*(way.get("http://shop.example/") for _ in range(16)))
    assert [page.text for page in pages] == ["hello"] * 16


@pytest.mark.parametrize(("code", "rest"), [(429, 1), (503, 0)])
async def test_a_busy_host_is_asked_again_when_it_says(site, code, rest):
    answers = iter([(b"busy", code), (b"hello again", 200)])
    site.pages["/"] = lambda visit, _: visit.answer(*next(answers), retry_after=str(rest))
    started = time.monotonic()
    assert (await SiteEgress(site, robots=False).get("http://shop.example/")).text == "hello again"
    assert time.monotonic() - started >= rest


async def test_a_host_that_stays_busy_is_an_error_that_may_pass(site):
    site.pages["/"] = status(429, retry_after="0")
    with pytest.raises(ToolError, match="answered 429 Too Many Requests") as failure:
        await SiteEgress(site, robots=False).get("http://shop.example/")
    assert failure.value.transient
    assert len(site.asked) == 3


async def test_a_host_that_asks_for_a_long_rest_gets_it(site):
    site.pages["/"] = status(503, retry_after="120")
    way = SiteEgress(site, robots=False)
    with pytest.raises(ToolError, match=r"answered 503 Service Unavailable and asks to come back in 120 seconds\."):
        await way.get("http://shop.example/")
    with pytest.raises(
        ToolError, match=r"shop\.example has asked to be left alone for another 1[12]\d seconds"
    ) as rest:
        await way.get("http://shop.example/other")
    assert rest.value.transient
    assert site.paths == ["/"]
    assert (await way.get("http://other.example/private")).text == "secret"


async def test_what_changes_something_is_not_sent_twice(site):
    site.pages["/"] = status(503, retry_after="0")
    with pytest.raises(ToolError, match="answered 503"):
        await SiteEgress(site).send(WebRequest("http://shop.example/", method="POST", body=Body.of_text("order")))
    assert len(site.asked) == 1
