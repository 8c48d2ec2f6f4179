"""Root's case: PostgreSQL refuses to run as root, so that it and its data belong to an account of their own.

Everything of it lives below one system folder, because a project of root is often where no other account may look
(`/root/x`), and the folders above it are not ours to open. That account is used for nothing else (`nobody` is shared
by unrelated programs, which could read the data); where it cannot be made, `nobody` is better than nothing.
"""

import logging
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["SYSTEM_FOLDER", "Account", "new_home", "runnable", "service_account"]

NAME = "the-brain"
FALLBACK_NAME = "nobody"
SYSTEM_FOLDER = Path("/var/lib/the-brain")
LONGEST_NAME = 30
"""Characters of the project's name in its folder's name: a socket's address below it must stay under 100 bytes."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Account:
    """The unprivileged account that runs PostgreSQL for root."""

    name: str
    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Give a file or folder to the account."""
        os.chown(path, self.uid, self.gid)

    def of_process(self) -> dict[str, Any]:
        """What `subprocess` needs to run a program under the account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": ()}


def service_account() -> Account | None:
    """The account to run PostgreSQL under, made where it is missing; None where this process is not root."""
    if os.geteuid() != 0:
        return None
    found = _find(NAME) or _create() or _find(FALLBACK_NAME)
    if found is None:
        raise PermissionError(None, f"root needs an account named {NAME} to run PostgreSQL under; create one")
    return found


def new_home(project: Path) -> Path:
    """A new folder for the data of a project; a file in it tells which project that is."""
    home = Path(tempfile.mkdtemp(prefix=f"{project.name[:LONGEST_NAME]}-", dir=_system_folder()))
    (home / "project").write_text(f"{project}\n")
    return home


def runnable(packages: Path, parts: Sequence[str], program: str, version: str, account: Account) -> Path:
    """The folder under which the account can run `program`: the one with the installed packages, or a copy of `parts`.

    A copy is made once for each version, and renamed into place when it is whole.
    """
    if _can_run(packages / program, account):
        return packages
    copy = _system_folder() / f"{Path(program).parts[0]}-{version}"
    if not _can_run(copy / program, account):
        half = Path(tempfile.mkdtemp(prefix=f"{copy.name}.new-", dir=SYSTEM_FOLDER))
        for part in parts:
            shutil.copytree(packages / part, half / part, symlinks=True)
        _open_to_all(half)
        with suppress(OSError):  # somebody else was faster
            half.rename(copy)
        shutil.rmtree(half, ignore_errors=True)
    return copy


def _system_folder() -> Path:
    SYSTEM_FOLDER.mkdir(parents=True, exist_ok=True)
    SYSTEM_FOLDER.chmod(0o755)  # whatever the umask of this root is
    return SYSTEM_FOLDER


def _open_to_all(copy: Path) -> None:
    """Let everybody read and run what was copied, whatever the umask of its installation was."""
    for folder, _, files in copy.walk():
        folder.chmod(0o755)
        for path in (folder / name for name in files):
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def _can_run(program: Path, account: Account) -> bool:
    try:
        subprocess.run(  # noqa: S603 # the command is ours
            [program, "--version"],
            check=True,
            capture_output=True,
            cwd="/",
            **account.of_process(),
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _find(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name, entry.pw_uid, entry.pw_gid)


def _create() -> Account | None:
    if (useradd := shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")) is None:
        return None
    command = [useradd, "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    done = subprocess.run(  # noqa: S603 # the command is ours
        [*command, "--shell", "/usr/sbin/nologin", NAME], capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        logger.warning("Made the system account %s: PostgreSQL does not run as root.", NAME)
    return _find(NAME)  # also where another process has just made it
