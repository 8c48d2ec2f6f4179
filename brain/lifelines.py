"""How a process of ours ends with the one that started it."""

import os
import signal
import sys

__all__ = ["end_with"]

PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that the kernel sends once the thread that started this process is gone."""


def end_with(parent: int) -> None:
    """Not to outlive the process of that id: Linux sees to it; elsewhere it is noticed once, now."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was gone before
        os._exit(1)
