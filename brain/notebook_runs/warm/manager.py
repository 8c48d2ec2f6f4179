"""Kernel managers and clients that lose no time: kernels from a warm parent, over sockets of the file system."""

import asyncio
import os
import tempfile
import time
from queue import Empty
from typing import Any
from uuid import uuid4

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_async
from traitlets import Unicode

from brain.notebook_runs.warm.provisioner import LOOK_SECONDS, WarmProvisioner

__all__ = ["QuickClient", "QuickManager", "WarmManager"]

LONGEST_FOLDER = 60
"""Characters of a path, so that those of the sockets in it are no longer than may be (unix(7): 107)."""
HEARD_SECONDS = 0.05
"""For the first word of a kernel at its IOPub channel."""
END_SECONDS = 0.5
"""How long a kernel has to end by itself, before it is interrupted in what it may be at."""


class QuickClient(AsyncKernelClient):
    """Waits for a kernel until it is heard at every channel, and not longer.

    jupyter_client waits 0.2 s more, for words of earlier requests, which a fresh kernel has none of.
    """

    async def _async_wait_for_ready(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - as jupyter_client has it
        deadline = time.monotonic() + (timeout if timeout is not None else float("inf"))
        while True:
            asked = self.kernel_info()
            if await self._has_answered(asked):
                return
            if not await self._async_is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > deadline:
                raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")

    wait_for_ready = _async_wait_for_ready

    async def _has_answered(self, asked: str) -> bool:
        """Whether the reply came, and what all listeners are told of it was heard."""
        try:
            while True:
                reply = await ensure_async(self.shell_channel.get_msg(timeout=1))
                if reply["parent_header"].get("msg_id") == asked:
                    break
            self._handle_kernel_info_reply(reply)
            while True:
                told = await ensure_async(self.iopub_channel.get_msg(timeout=HEARD_SECONDS))
                is_own = told["parent_header"].get("msg_id") == asked
                if is_own and told["content"].get("execution_state") == "idle":
                    return True
        except Empty:
            return False


def _at_once(method: Any) -> Any:
    """A method of jupyter_client without the 10 ms that it waits so that its own tests can see what is pending."""
    return getattr(method, "__wrapped__", method)


class QuickManager(AsyncKernelManager):
    """Plain kernels, talked to over sockets that are files, which only this user may open."""

    client_class = Unicode(f"{__name__}.QuickClient")
    client_factory = QuickClient
    _home: tempfile.TemporaryDirectory[str] | None = None

    _async_start_kernel = start_kernel = _at_once(AsyncKernelManager._async_start_kernel)  # noqa: SLF001 - as below
    _async_shutdown_kernel = shutdown_kernel = _at_once(AsyncKernelManager._async_shutdown_kernel)  # noqa: SLF001

    async def _async_pre_start_kernel(self, **options: Any) -> Any:
        if self.provisioner is None:
            self._take_place()
        return await super()._async_pre_start_kernel(**options)

    pre_start_kernel = _async_pre_start_kernel

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        await super()._async_cleanup_resources(restart=restart)
        if not restart and self._home is not None:
            self._home.cleanup()

    cleanup_resources = _async_cleanup_resources

    def _take_place(self) -> None:
        """A folder for the sockets, where the system's own for temporary files has a short enough path."""
        if os.name == "posix" and len(tempfile.gettempdir()) < LONGEST_FOLDER:
            self._home = tempfile.TemporaryDirectory(prefix="brain-kernel-", ignore_cleanup_errors=True)
            self.transport = "ipc"
            self.connection_file = f"{self._home.name}/kernel.json"
            self.ip = f"{self._home.name}/kernel"

    async def _async_interrupt_kernel(self) -> None:
        """Not as the first thing of its end, because a kernel that has nothing to do would tell of an error."""
        if not self.shutting_down:
            await super()._async_interrupt_kernel()

    interrupt_kernel = _async_interrupt_kernel

    async def _async_finish_shutdown(self, *given: Any, **options: Any) -> None:
        try:
            await asyncio.wait_for(self._async_wait(), END_SECONDS)
        except TimeoutError:
            await super()._async_interrupt_kernel()
        await super()._async_finish_shutdown(*given, **options)

    finish_shutdown = _async_finish_shutdown

    async def _async_wait(self, pollinterval: float = LOOK_SECONDS) -> None:
        await super()._async_wait(min(pollinterval, LOOK_SECONDS))


class WarmManager(QuickManager):
    """Kernels from the warm parent that listens in `folder`."""

    folder = Unicode(config=True)

    def _take_place(self) -> None:
        super()._take_place()
        self.kernel_id = self.kernel_id or uuid4().hex
        self.provisioner = WarmProvisioner(
            kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self, folder=self.folder
        )
