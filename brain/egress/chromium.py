"""Chromium: found on this machine, and started so that all it sends goes through the filtering proxy.

What each switch is for stands beside it; tests/integration/test_browser_egress.py holds them to it.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from brain.egress.fetch import Egress
from brain.egress.proxy import FilteringProxy, ProxyPass
from brain.errors import ToolError

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Playwright, ProxySettings

__all__ = ["driver", "find_chromium", "inspected", "launched", "open_context"]

NAMES = ("chromium", "google-chrome", "google-chrome-stable")
"""As packages of systems call it."""
PROXY_NAME = "egress-proxy.invalid"
"""The proxy's name inside Chromium; with `MAP * ~NOTFOUND` it is the only one that leads to an address."""
LAUNCH_SECONDS = 60.0
CLOSE_SECONDS = 10.0
KEPT_VARIABLES = frozenset(
    {"PATH", "HOME", "LANG", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "FONTCONFIG_FILE", "FONTCONFIG_PATH"}
)
"""What Chromium needs of the environment; the rest may hold secrets."""
SET_VARIABLES = {"DBUS_SESSION_BUS_ADDRESS": "disabled:", "DBUS_SYSTEM_BUS_ADDRESS": "disabled:"}
"""So that it asks no key ring and no location service."""

FEATURES_OF_PLAYWRIGHT = (
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades", "LensOverlay"),
    *("HttpsFirstBalancedModeAutoEnable", "MediaRouter", "PaintHolding", "ThirdPartyStoragePartitioning"),
    *("AvoidCorsURLLoaderRestartOnRedirect", "TcpPortRandomizationWin", "OptimizationHints", "AimEnabled"),
    *("NetworkTimeServiceQuerying", "PreconnectToSearch", "msForceBrowserSignIn"),
    "msEdgeUpdateLaunchServicesPreferredVersion",
)
"""What Playwright 1.65 disables; of two --disable-features only the second counts, so that it has to be said again."""
FEATURES = (
    # On a page with a form the browser would ask Google what its fields mean.
    "AutofillServerCommunication",
    # The list below the address bar, as two pages of their own for each page: half of all the work.
    "WebUIOmniboxPopup",
    "WebUIOmniboxAimPopup",
)
SWITCHES = (
    f"--disable-features={','.join((*FEATURES_OF_PLAYWRIGHT, *FEATURES))}",
    # No name is looked up here, and no address is connected to directly, not even one written as an address.
    f"--host-resolver-rules=MAP {PROXY_NAME} 127.0.0.1 , MAP * ~NOTFOUND",
    # WebRTC uses TCP through the proxy or nothing: its UDP would go around. The first is today's name of the switch,
    # the second that of headless shells and older versions.
    "--webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    # QUIC is UDP as well.
    "--disable-quic",
    # What the browser would ask for on its own account.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-sync",
    "--no-pings",
)
POPUPS_ALLOWED = "--disable-popup-blocking"
"""Playwright's default, which is taken back."""


def find_chromium(named: Path | None, own: Path) -> Path:
    """The browser to use: the one that BRAIN_CHROMIUM names, else Playwright's `own`, else the system's.

    Raises ToolError with what to do where there is none.
    """
    if named is not None:
        if not _is_program(named):
            raise ToolError(f"BRAIN_CHROMIUM is {named}, which is no program: name Chromium's, or leave it empty.")
        return named
    if _is_program(own):
        return own
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        raise ToolError(
            "No Chromium was found for the browser tools: run `playwright install chromium`, install your system's "
            "package (chromium or google-chrome), or set BRAIN_CHROMIUM to the program."
        )
    return Path(found)


async def inspected(named: Path | None) -> str:
    """Version and place of the browser that would be used, after it has been started once; raises ToolError."""
    async with FilteringProxy() as proxy, driver() as playwright:
        program = find_chromium(named, Path(playwright.chromium.executable_path))
        async with launched(playwright, program, proxy) as browser:
            return f"{browser.version}, {program}"


@asynccontextmanager
async def driver() -> "AsyncIterator[Playwright]":
    """Playwright's driver: a process of its own that starts browsers, and ends them when it or this process goes."""
    from playwright.async_api import async_playwright

    manager = async_playwright()
    async with manager as playwright:
        # Where the driver is killed, asyncio would show an exception that nobody can ask for (Playwright 1.65).
        broken = getattr(getattr(getattr(manager, "_client", None), "_transport", None), "on_error_future", None)
        if isinstance(broken, asyncio.Future):
            broken.add_done_callback(lambda future: future.cancelled() or future.exception())
        yield playwright


@asynccontextmanager
async def launched(
    playwright: "Playwright", program: Path, proxy: FilteringProxy, more: Sequence[str] = ()
) -> "AsyncIterator[Browser]":
    """A headless browser that sends everything to the proxy, with a profile of its own that goes when it does.

    What is no part of a context of `open_context` shows no pass, and gets nowhere. Raises ToolError.
    """
    from playwright.async_api import Error

    try:
        browser = await playwright.chromium.launch(
            executable_path=program,
            args=[*SWITCHES, *more],
            ignore_default_args=[POPUPS_ALLOWED],
            # Chromium refuses to run its sandbox as root.
            chromium_sandbox=os.geteuid() != 0,
            env=_environment(os.environ),
            proxy=_proxied(proxy),
            timeout=LAUNCH_SECONDS * 1000,
        )
    except Error as exc:
        raise ToolError(_explained(program, exc.message)) from exc
    async with browser:
        yield browser


@asynccontextmanager
async def open_context(
    browser: "Browser", proxy: FilteringProxy, egress: Egress, *, seconds: float, viewport: tuple[int, int]
) -> "AsyncIterator[tuple[BrowserContext, ProxyPass]]":
    """Cookies, storage and connections of one visit, under one egress, for so many seconds."""
    from playwright.async_api import Error

    width, height = viewport
    async with proxy.admit(egress, seconds) as shown:
        context = await browser.new_context(
            proxy=_proxied(proxy, shown),
            service_workers="block",
            accept_downloads=False,
            viewport={"width": width, "height": height},
        )
        try:
            await context.grant_permissions([])  # which denies all others: nobody is there to be asked
            yield context, shown
        finally:
            with suppress(Error, TimeoutError):  # a browser that is gone has closed it, one that hangs is replaced
                async with asyncio.timeout(CLOSE_SECONDS):
                    await context.close()


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _environment(environment: Mapping[str, str]) -> dict[str, str | float | bool]:
    kept = {name: value for name, value in environment.items() if name in KEPT_VARIABLES or name.startswith("LC_")}
    return {**kept, **SET_VARIABLES}


def _proxied(proxy: FilteringProxy, shown: ProxyPass | None = None) -> "ProxySettings":
    # Chromium would connect to loopback addresses itself, unless told otherwise by <-loopback>.
    settings: ProxySettings = {"server": f"http://{PROXY_NAME}:{proxy.port}", "bypass": "<-loopback>"}
    return settings if shown is None else {**settings, "username": shown.user, "password": shown.password}


def _explained(program: Path, said: str) -> str:
    if "No usable sandbox" in said or "sandboxing failed" in said:
        return (
            f"{program} does not start, because this system gives it no sandbox: install your system's package of "
            "Chromium or Chrome, which brings what its sandbox needs, and name it in BRAIN_CHROMIUM."
        )
    reason = next((line.strip(" -") for line in said.splitlines() if line.strip()), "no reason given")
    return f"{program} does not start ({reason}): try it by hand, or name another in BRAIN_CHROMIUM."
