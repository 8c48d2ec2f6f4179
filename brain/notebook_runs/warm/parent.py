"""The process that warm kernels are forked from: `python -m brain.notebook_runs.warm.parent FOLDER MODULE ...`.

It imports the modules and what a kernel is made of, listens at a socket in the folder, and forks a kernel for each
connection. It has one thread, no event loop and no ZeroMQ context, because none of these survives a fork. A line of
JSON comes in, `{"argv", "env", "cwd"}`; what goes out are lines: `{"pid"}`, `{"ready"}` once the kernel has bound its
sockets, and `{"exit"}` with its exit code. Where the connection ends first, the kernel is killed with its children.
"""

import atexit
import gc
import json
import os
import re
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brain.lifelines import end_with

if TYPE_CHECKING:
    from traitlets.config import Config

__all__ = ["SOCKET", "STATE", "main"]

SOCKET = "parent.sock"
"""The name of the socket in the folder."""
STATE = "parent.json"
"""What stands beside it once it listens: null, or the module that started a thread, so that it cannot fork."""
KERNEL_MODULES = (
    "IPython.core.completer", "IPython.core.completerlib", "IPython.core.debugger", "IPython.core.oinspect",
    "IPython.core.profiledir", "IPython.core.pylabtools", "IPython.extensions.storemagic", "encodings.idna",
    "faulthandler", "ipykernel.debugger", "ipykernel.ipkernel", "ipykernel.kernelapp", "ipykernel.zmqshell",
    "pdb", "psutil", "sqlite3", "tornado.gen", "tornado.locks", "tornado.platform.asyncio",
    "tornado.queues",
)  # fmt: skip
"""What a kernel has imported by the time that it is ready."""
TASKS = Path("/proc/self/task")
"""Threads of this process; in each `children`, the processes that it has started."""
CLOSE_SECONDS = 1.0
"""How long a kernel that ends waits for its control channel."""
SETTING = re.compile(r"--(?P<name>[A-Z]\w*)\.(?P<trait>\w+)=(?P<value>.*)", re.DOTALL)
LONGEST_REQUEST = 2**20
"""Bytes."""


def main(arguments: Sequence[str]) -> None:
    """Import, listen, and fork until the process that started it closes its standard input."""
    folder = Path(arguments[0])
    threads_by = _imported(arguments[1:])
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(folder / SOCKET))
        listening.listen(128)
        written = folder / f"{STATE}.new"
        written.write_text(json.dumps(threads_by))
        written.rename(folder / STATE)
        if threads_by is None:
            _look_around()
            gc.collect()
            gc.freeze()  # so that the collectors of kernels leave the pages alone that they share
            _Parent(listening).serve()
            os._exit(0)  # there is nothing left to do, and to take down all those modules takes its time


def _imported(modules: Sequence[str]) -> str | None:
    """Import all, up to the first that starts a thread, which is returned; what fails is the notebook's to fail at."""
    for name in (*KERNEL_MODULES, *modules):
        with suppress(BaseException):  # whatever it is, the notebook shows it where it belongs
            import_module(name)
        if _has_threads():
            return name
    return None


def _look_around() -> None:
    """What each kernel would find out anew: the addresses of this machine, and how its command line is read."""
    from ipykernel.kernelapp import IPKernelApp
    from jupyter_client.localinterfaces import local_ips

    local_ips()
    app: Any = IPKernelApp  # which has no types
    app().parse_command_line(["-f", "kernel.json"])


def _has_threads() -> bool:
    """Whether there is a thread beside this one, be it one of Python's or of a library's own."""
    return threading.active_count() > 1 or (TASKS.exists() and len(list(TASKS.iterdir())) > 1)


@dataclass(slots=True, eq=False)
class _Child:
    """A kernel, and who asked for it."""

    connection: socket.socket
    pid: int = 0
    received: bytes = b""
    ready: int = -1
    """Where the kernel says that it is."""

    def tell(self, **said: Any) -> None:
        """Nobody may be there any more."""
        with suppress(OSError):
            self.connection.sendall(f"{json.dumps(said)}\n".encode())


class _Parent:
    """Takes requests, and tells what becomes of the kernels."""

    def __init__(self, listening: socket.socket) -> None:
        self._listening = listening
        self._selector = selectors.DefaultSelector()
        self._children: dict[int, _Child] = {}
        self._ended, self._end = os.pipe()

    def serve(self) -> None:
        """Until standard input ends."""
        os.set_blocking(self._end, False)
        os.set_blocking(self._ended, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # which a terminal sends to all; who asked for kernels decides
        signal.set_wakeup_fd(self._end, warn_on_full_buffer=False)
        for source in (self._listening, self._ended, sys.stdin.fileno()):
            self._selector.register(source, selectors.EVENT_READ)
        try:
            while self._turn():
                pass
        finally:
            for child in self._children.values():
                _kill(child.pid)

    def _turn(self) -> bool:
        for key, _ in self._selector.select():
            if key.fileobj is self._listening:
                connection, _ = self._listening.accept()
                self._selector.register(connection, selectors.EVENT_READ, _Child(connection))
            elif key.fd == self._ended:
                os.read(self._ended, 4096)
                self._reap()
            elif key.fd == sys.stdin.fileno():
                if not os.read(key.fd, 4096):
                    return False
            elif key.fd == key.data.ready:
                self._heard(key.data)
            else:
                self._received(key.data)
        return True

    def _received(self, child: _Child) -> None:
        try:
            part = child.connection.recv(65536)
        except OSError:
            part = b""
        if not part:
            self._forget(child)
            return
        child.received += part
        if child.pid == 0 and child.received.endswith(b"\n"):
            self._fork(child, json.loads(child.received))
        elif len(child.received) > LONGEST_REQUEST:
            self._forget(child)

    def _fork(self, child: _Child, request: dict[str, Any]) -> None:
        child.ready, ready = os.pipe()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            try:
                self._leave()
                os.close(child.ready)
                _become_kernel(request, ready, parent)
            finally:
                os._exit(1)
        os.close(ready)
        child.pid = pid
        self._children[pid] = child
        self._selector.register(child.ready, selectors.EVENT_READ, child)
        child.tell(pid=pid)

    def _leave(self) -> None:
        """In a kernel: nothing of the parent stays open, and no signal is handled as there."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
            elif key.fd != sys.stdin.fileno():
                os.close(key.fd)
        self._selector.close()
        os.close(self._end)

    def _heard(self, child: _Child) -> None:
        """The kernel is ready, or has ended before it was."""
        self._selector.unregister(child.ready)
        if os.read(child.ready, 1):
            child.tell(ready=True)
        os.close(child.ready)
        child.ready = -1

    def _reap(self) -> None:
        for pid, status in _ended_children():
            child = self._children.pop(pid, None)
            if child is not None:
                child.tell(exit=os.waitstatus_to_exitcode(status))
                child.pid = -1
                self._forget(child)

    def _forget(self, child: _Child) -> None:
        """Whoever asked is gone, or has been told the end."""
        if child.connection.fileno() < 0:
            return
        if child.ready >= 0:
            self._selector.unregister(child.ready)
            os.close(child.ready)
            child.ready = -1
        if child.pid > 0:
            _kill(child.pid)
        self._selector.unregister(child.connection)
        child.connection.close()


def _ended_children() -> Iterator[tuple[int, int]]:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, status


def _kill(pid: int) -> None:
    """A kernel and what it started: it leads a group of its own."""
    for kill in (os.killpg, os.kill):
        try:
            kill(pid, signal.SIGKILL)
        except OSError:
            continue
        return


def _become_kernel(request: dict[str, Any], ready: int, parent: int) -> None:
    """Be a kernel as if this process had been started to be one; returns where it has ended."""
    os.setsid()
    end_with(parent)
    os.environ.clear()
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    time.tzset()
    _take_standard_input()
    _draw_other_numbers()
    sys.argv = [_program(request["argv"][0]), *request["argv"][1:]]
    del sys.path[0]  # the folder of the parent; ipykernel adds that of the kernel

    gc.disable()  # until it is ready: there is no rubbish yet

    try:
        _kernel_app(ready).launch_instance(sys.argv[1:], parent_handle=parent)
    except SystemExit as exc:
        _exit(exc.code if isinstance(exc.code, int) else int(exc.code is not None))
    _exit(0)


def _kernel_app(ready: int) -> Any:
    """Ipykernel's program, which says at that pipe that it is ready."""
    from ipykernel.ipkernel import IPythonKernel
    from ipykernel.kernelapp import IPKernelApp

    class WarmKernel(IPythonKernel):
        def _process_children(self) -> Any:
            """Where there is none, nobody has to look through all processes of the machine, as ipykernel does."""
            return super()._process_children() if _may_have_children() else []  # type: ignore[no-untyped-call]

    class WarmKernelApp(IPKernelApp):
        kernel_class = WarmKernel

        def parse_command_line(self, argv: list[str] | None = None) -> None:
            """One of the usual shape by ourselves: traitlets takes 8 ms to be ready for all that there might be."""
            if (config := _usual(argv or [])) is None:
                super().parse_command_line(argv)
                return
            self.cli_config, self.extra_args = config, []
            self.update_config(config)

        def start(self) -> None:
            gc.enable()
            atexit.register(self._close_control)
            os.write(ready, b"1")
            os.close(ready)
            super().start()  # type: ignore[no-untyped-call] # which has no types

        def _close_control(self) -> None:
            """Before what it still writes to is closed: ipykernel's own end waits for ever, one time in 30."""
            if self.control_thread is not None and self.control_thread.is_alive():
                self.control_thread.stop()
                self.control_thread.join(CLOSE_SECONDS)

    return WarmKernelApp


def _usual(argv: Sequence[str]) -> "Config | None":
    """What a command line says that consists of `-f FILE` and `--Class.trait=value`; None for any other."""
    from traitlets.config import Config
    from traitlets.config.loader import DeferredConfigString

    config: Any = Config()
    words = iter(argv)
    for word in words:
        if word == "-f" and (file := next(words, None)) is not None:
            config.IPKernelApp.connection_file = file
        elif said := SETTING.fullmatch(word):
            config[said["name"]][said["trait"]] = DeferredConfigString(said["value"])
        else:
            return None
    usual: Config = config
    return usual


def _may_have_children() -> bool:
    try:
        return any((task / "children").read_text() for task in TASKS.iterdir())
    except OSError:  # no Linux, or one that does not tell
        return True


def _program(module: str) -> str:
    """What `python -m` has as the name of the program."""
    spec = find_spec(module)
    return spec.origin or module if spec is not None else module


def _exit(code: int) -> None:
    """End as a program does: what was registered to be done at its end is done."""
    threading._shutdown()  # type: ignore[attr-defined] # noqa: SLF001 - waits for threads, as the end of a program does
    atexit._run_exitfuncs()  # noqa: SLF001
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _take_standard_input() -> None:
    """That of the parent tells it when to end."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)


def _draw_other_numbers() -> None:
    """Each kernel has random numbers of its own; Python's generator sees to that itself."""
    if "numpy" in sys.modules:
        import numpy as np

        np.random.seed()


if __name__ == "__main__":
    main(sys.argv[1:])
