"""A browser for the tests of the browser tools: one that is there, else one that is installed; prints where it is.

`make test` runs this first. Where neither BRAIN_CHROMIUM nor Playwright nor PATH has one that starts, Playwright's is
fetched, else, for root on Debian, the system's package. Ends with 3 and the reason where none of it helps.
"""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

from brain.config_secrets import load_settings
from brain.egress.chromium import inspected
from brain.errors import BrainError

PLAYWRIGHT = [sys.executable, "-m", "playwright", "install"]
APT = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]


def main() -> int:
    place, missing = found()
    for command in () if place or os.environ.get("BRAIN_CHROMIUM") else installers():
        sys.stderr.write(f"Installing Chromium: {' '.join(command)}\n")
        subprocess.run(command, check=False, stdout=sys.stderr)
        place, missing = found()
        if place:
            break
    (sys.stdout if place else sys.stderr).write(f"{place or f'The browser tools cannot be tested. {missing}'}\n")
    return 0 if place else 3


def found() -> tuple[str, str]:
    """Where the browser is, once it has started; else why there is none."""
    try:
        return asyncio.run(inspected(load_settings().brain_chromium)).partition(", ")[2], ""
    except BrainError as exc:
        return "", str(exc)


def installers() -> Iterator[list[str]]:
    """What may put a browser on this machine, the least first."""
    is_root = os.geteuid() == 0
    yield [*PLAYWRIGHT, *(["--with-deps"] if is_root and shutil.which("apt-get") else []), "chromium"]
    if is_root and shutil.which("apt-get"):
        yield [*APT, "update"]
        yield [*APT, "install", "--yes", "chromium"]


if __name__ == "__main__":
    sys.exit(main())
