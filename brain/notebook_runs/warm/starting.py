"""Starts and ends warm parents, and says which kernels can come from one."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from brain.notebook_runs.warm.parent import STATE

__all__ = ["MOST_PARENTS", "WarmParent", "can_fork"]

MOST_PARENTS = 3
"""Of one process at the same time, each of some 150 MB."""
LOOK_SECONDS = 0.01
START_SECONDS = 120.0
"""How long the imports may take."""
END_SECONDS = 10.0
SINGLE_THREADED = {
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "MKL_NUM_THREADS": "1",
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
"""What keeps libraries from starting threads when they are imported: none survives a fork. Matplotlib reads its backend
at import; it is the one that a kernel sets."""


def can_fork(kernel_name: str) -> bool:
    """Whether a kernel of this name is what a warm parent of this interpreter can become."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        argv = KernelSpecManager().get_kernel_spec(kernel_name).argv
    except NoSuchKernel:
        return False
    program = Path(argv[0])
    is_ours = argv[0] in ("python", "python3") or program.absolute() == Path(sys.executable).absolute()
    return hasattr(os, "fork") and is_ours and "ipykernel_launcher" in argv


class WarmParent:
    """A warm parent as long as this is open; `folder` is where it listens.

    A module that starts threads as it is imported is left out, so that the notebook imports it for itself.
    `is_quiet`: what it and its kernels log is nobody's.
    """

    def __init__(self, modules: Sequence[str], *, is_quiet: bool = False) -> None:
        self._wanted = list(modules)
        self._errors = subprocess.DEVNULL if is_quiet else None
        self._begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def folder(self) -> Path:
        """Where it listens, open to this user alone."""
        return Path(self._home.name)

    def is_ready(self) -> bool:
        """Whether kernels can be had by now; it is asked again and again."""
        if not (self.folder / STATE).exists():
            return False
        threads_by: str | None = json.loads((self.folder / STATE).read_text())
        if threads_by is None:
            return self._process.poll() is None
        self.close()
        if threads_by in self._wanted:
            self._wanted.remove(threads_by)
            self._begin()
        return False

    def wait(self) -> bool:
        """Return once kernels can be had; False where that does not come to be."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.is_ready():
                return True
            if self._process.poll() is not None:
                return False
            time.sleep(LOOK_SECONDS)
        return False

    def close(self) -> None:
        """End it, and the kernels that it has; a second call does nothing."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._home.cleanup()

    def _begin(self) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="brain-warm-", ignore_cleanup_errors=True)
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [
                sys.executable, "-Xfrozen_modules=off", "-m", "brain.notebook_runs.warm.parent", self._home.name,
                *self._wanted,
            ],
            env={**os.environ, **SINGLE_THREADED}, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=self._errors, start_new_session=True,
        )  # fmt: skip
