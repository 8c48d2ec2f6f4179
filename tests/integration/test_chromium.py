"""What Chromium is started with: nothing of this machine, no rights, a sandbox, and contexts that share nothing."""

import asyncio
import json
import os
import re
import shutil
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from unittest import mock

import psutil
import pytest
from hardened import SITE, Watched, browser_processes, go, is_confined, until
from playwright.async_api import Error, Page

from brain.egress.chromium import SWITCHES, driver, inspected, launched, open_context
from brain.errors import ToolError

pytestmark = pytest.mark.asyncio(loop_scope="module")

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

    async def lead_on(page: Page) -> list[tuple[str, str]]:
        shown = []
        for address in NOT_PAGES:
            site.pages["/lead"] = f"<title>lead</title><script>location = {json.dumps(address)}</script>"
            await go(page, f"{here}/lead")
            await asyncio.sleep(0.1)
            with suppress(Error):  # it has just led on
                shown.append((page.url, await page.title()))
        return shown

    shown, _ = await opened(Watched(SITE), lead_on)
    assert {url for url, _ in shown} <= {f"{here}/lead", "about:blank", "about:blank#blocked"}
    assert {title for _, title in shown} <= {"lead", ""}
    assert len([title for _, title in shown if title == "lead"]) > len(NOT_PAGES) / 2


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


async def test_no_setting_of_playwright_opens_a_way_around_the_proxy(program, proxy, site, monkeypatch):
    """With this one it would let Chromium connect to loopback addresses by itself."""
    monkeypatch.setenv("PLAYWRIGHT_DISABLE_FORCED_CHROMIUM_PROXIED_LOOPBACK", "1")
    site.forget()
    async with (
        driver() as own,
        launched(own, program, proxy) as browser,
        open_context(browser, proxy, Watched(SITE), seconds=30, viewport=(800, 600)) as (context, shown),
    ):
        await go(await context.new_page(), f"http://127.0.0.1:{site.port}/")
    assert shown.refused == ["127.0.0.1"]
    assert site.reached == 0


async def test_a_browser_that_is_looked_at_tells_version_and_place(program):
    assert re.fullmatch(rf"\d+(\.\d+)+, {program}", await inspected(program))


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
    async with launched(playwright, program, proxy):
        main = browser_processes()[-1]
        flags, environment = main.cmdline(), main.environ()
    assert "CANARY_API_KEY" not in environment
    assert "HTTPS_PROXY" not in environment
    assert "--proxy-bypass-list=<-loopback>" in flags
    assert [switch for switch in SWITCHES if switch not in " ".join(flags)] == []
    assert [flag for flag in flags if flag.startswith("--proxy-server=")] == [
        f"--proxy-server=http://egress-proxy.invalid:{proxy.port}"
    ]
    assert ("--no-sandbox" in flags) is (os.geteuid() == 0)
    assert "--disable-popup-blocking" not in flags
    [profile] = [flag.partition("=")[2] for flag in flags if flag.startswith("--user-data-dir=")]
    assert await until(lambda: not Path(profile).exists())
    assert await until(lambda: not main.is_running())


NOBODY = 65534
AS_NOBODY = """#!/bin/sh
for flag in "$@"; do case "$flag" in --user-data-dir=*) chown -R 65534:65534 "${flag#*=}" ;; esac; done
exec setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=/nonexistent "{program}" "$@"
"""


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("setpriv"), reason="takes root, and setpriv")
async def test_for_an_ordinary_account_the_sandbox_is_on(playwright, program, proxy, site, tmp_path):
    wrapper = tmp_path / "chromium"
    wrapper.write_text(AS_NOBODY.replace("{program}", str(program)))
    wrapper.chmod(0o755)
    async with AsyncExitStack() as stack:
        stack.enter_context(mock.patch("os.geteuid", return_value=NOBODY))
        try:
            browser = await stack.enter_async_context(launched(playwright, wrapper, proxy))
        except ToolError as exc:
            pytest.skip(str(exc))  # some containers give accounts none
        opening = open_context(browser, proxy, Watched(SITE), seconds=30, viewport=(800, 600))
        page = await (await stack.enter_async_context(opening))[0].new_page()
        await page.goto(f"http://{SITE}:{site.port}/")
        assert await page.title() == "home"
        [*_, main] = browser_processes()
        assert "--no-sandbox" not in main.cmdline()
        assert any(map(is_confined, main.children(recursive=True)))
