"""Kernels out of a warm parent, as jupyter_client starts and ends all others."""

import asyncio
import json
import os
import select
import signal
import socket
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import Unicode

from brain.notebook_runs.warm.parent import SOCKET

__all__ = ["WarmProvisioner"]

READY_SECONDS = 60.0
"""How long a kernel may take until it has bound its sockets."""
LOOK_SECONDS = 0.005
"""Between two looks whether a kernel has ended."""


class WarmProvisioner(LocalProvisioner):
    """Has kernels forked by the process that listens in `folder`; a kernel specification names it `brain-warm`."""

    folder = Unicode(config=True)
    """Where the warm parent listens."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Ask for a kernel, and return once it can be talked to; raises OSError, RuntimeError where there is none."""
        request = {
            "argv": cmd[cmd.index("-m") + 1 :] if "-m" in cmd else cmd,
            "env": kwargs["env"],
            "cwd": str(kwargs.get("cwd") or Path.cwd()),
        }
        forked = await asyncio.to_thread(_Forked, Path(self.folder) / SOCKET, request)
        self.process: Any = forked
        self.pid = self.pgid = forked.pid
        self.cwd = request["cwd"]
        return self.connection_info

    async def wait(self) -> int | None:
        """Return once the kernel has ended, with its exit code."""
        while await self.poll() is None:  # noqa: ASYNC110 - whatever loop this is called on
            await asyncio.sleep(LOOK_SECONDS)
        code = self.process.wait() if self.process else 0
        self.process = None
        return code


class _Forked:
    """What `LocalProvisioner` needs of a `subprocess.Popen`."""

    stdin = stdout = stderr = None

    def __init__(self, address: Path, request: dict[str, Any]) -> None:
        self._code: int | None = None
        self._received = b""
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._connection.settimeout(READY_SECONDS)
            self._connection.connect(str(address))
            self._connection.sendall(f"{json.dumps(request)}\n".encode())
            self.pid = int(self._told("pid"))
            self._told("ready")
        except BaseException:
            self._connection.close()
            raise

    def poll(self) -> int | None:
        """The exit code, where it has ended."""
        if self._code is None and select.select([self._connection], [], [], 0)[0]:
            self._read()
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it has ended."""
        while self._code is None:
            if not select.select([self._connection], [], [], timeout)[0]:
                raise TimeoutError
            self._read()
        return self._code

    def send_signal(self, signum: int) -> None:
        """To the kernel alone."""
        if self.poll() is None:
            os.kill(self.pid, signum)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def _told(self, name: str) -> Any:
        while b"\n" not in self._received:
            part = self._connection.recv(4096)
            if not part:
                raise RuntimeError("the warm parent ended before the kernel was there")
            self._received += part
        line, _, self._received = self._received.partition(b"\n")
        said = json.loads(line)
        if name not in said:
            raise RuntimeError(f"a kernel ended before it was ready ({line.decode()})")
        return said[name]

    def _read(self) -> None:
        """The last line; where the parent is gone, so is the kernel."""
        try:
            self._code = int(self._told("exit"))
        except (OSError, RuntimeError):
            self._code = -signal.SIGKILL
        self._connection.close()
