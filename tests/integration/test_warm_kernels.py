"""Kernels that are forked from a warm parent: each on its own, and none outlives whom it belongs to."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from command_line import eventually
from jupyter_client.asynchronous.client import AsyncKernelClient

from brain.notebook_runs.warm.manager import QuickManager, WarmManager
from brain.notebook_runs.warm.starting import WarmParent, can_fork

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


@pytest.fixture(scope="module")
def parent() -> Iterator[WarmParent]:
    with WarmParent(["pandas", "matplotlib.pyplot"]) as started:
        assert started.wait()
        yield started


class Kernel:
    """One kernel, and what its cells give."""

    def __init__(self, manager: QuickManager, client: AsyncKernelClient) -> None:
        self.manager = manager
        self._client = client

    async def __call__(self, code: str) -> str:
        """What the cell printed, or the error that it ended with."""
        printed: list[str] = []

        def take(message: Any) -> None:
            content = message["content"]
            if message["msg_type"] == "stream":
                printed.append(content["text"])
            elif message["msg_type"] in ("display_data", "execute_result"):
                printed.extend(content["data"])
            elif message["msg_type"] == "error":
                printed.append(content["ename"])

        await self._client.execute_interactive(code, output_hook=take, timeout=30, allow_stdin=False)
        return "".join(printed).strip()

    async def number(self, code: str) -> int:
        return int(await self(code))


@asynccontextmanager
async def kernel(parent: WarmParent | None, **options: Any) -> AsyncIterator[Kernel]:
    manager = QuickManager() if parent is None else WarmManager(folder=str(parent.folder))
    await manager._async_start_kernel(**options)
    client = manager.client()
    client.start_channels()
    try:
        await client._async_wait_for_ready(30)
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        if await manager._async_is_alive():
            await manager._async_shutdown_kernel()
        await manager._async_cleanup_resources()


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_kernel_shares_nothing_with_another_but_what_was_imported(parent: WarmParent, tmp_path: Path) -> None:
    async with kernel(parent, cwd=str(tmp_path), env={**os.environ, "WHO": "first"}) as first, kernel(parent) as second:
        pids = [await each.number("import os; print(os.getpid())") for each in (first, second)]
        assert len({*pids, os.getpid()}) == 3
        assert await first("print(os.getcwd())") == str(tmp_path)
        assert await second("print(os.getcwd())") == str(Path.cwd())
        assert await first("print(os.environ['WHO'])") == "first"
        assert await second("print(os.environ.get('WHO'))") == "None"
        assert await first("print(os.getpgid(0) == os.getpid() == os.getsid(0))") == "True"
        assert (
            await first("import sys; x = 1; sys.modules['pandas'].stain = 1; print('pandas' in sys.modules)") == "True"
        )
        assert await second("x") == "NameError"
        assert await second("import pandas; print(hasattr(pandas, 'stain'))") == "False"
        draw = "import random, numpy; print(random.random(), numpy.random.rand())"
        assert await first(draw) != await second(draw)


async def test_it_is_as_a_plain_kernel_is(parent: WarmParent) -> None:
    looks = (
        "import sys; print(sys.argv[0].endswith('.py'), len(sys.argv))",
        "import os, sys; print([p for p in sys.path if 'site-packages' not in p])",
        "import signal; print([signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE)])",
        "import threading; print(sorted(t.name.rstrip('-0123456789') for t in threading.enumerate()))",
        "import gc; print(gc.isenabled(), gc.get_threshold())",
        "import os; print(sorted(fd for fd in os.listdir('/proc/self/fd') if int(fd) < 3))",
        "import matplotlib.pyplot as plt; _ = plt.plot([1, 2])",
        "print(input('?'))",
        "!echo shell",
        "import asyncio; await asyncio.sleep(0.01); print('awaited')",
    )
    async with kernel(parent) as warm, kernel(None) as plain:
        for look in looks:
            assert await warm(look) == await plain(look), look


async def test_a_kernel_is_interrupted_restarted_and_its_death_is_noticed(parent: WarmParent) -> None:
    async with kernel(parent) as warm:
        pid = await warm.number("import os; print(os.getpid())")
        waiting = asyncio.ensure_future(warm("import time; print('begun', flush=True); time.sleep(60)"))
        await asyncio.sleep(0.5)
        await warm.manager._async_interrupt_kernel()
        assert (await waiting).endswith("KeyboardInterrupt")
        await warm.manager._async_restart_kernel(now=True)
        await warm._client._async_wait_for_ready(30)
        assert await warm.number("import os; print(os.getpid())") != pid, "none is used twice"
        await asyncio.wait_for(_killed(warm), 10)
        assert warm.manager.provisioner is None or await warm.manager.provisioner.poll() == -signal.SIGKILL


async def _killed(warm: Kernel) -> None:
    os.kill(await warm.number("import os; print(os.getpid())"), signal.SIGKILL)
    await warm.manager._async_wait()


async def test_what_a_kernel_registers_for_its_end_is_done(parent: WarmParent, tmp_path: Path) -> None:
    async with kernel(parent, cwd=str(tmp_path)) as warm:
        await warm("import atexit, pathlib; atexit.register(pathlib.Path('ended').touch)")
    assert (tmp_path / "ended").exists()


async def test_a_kernel_and_its_children_end_with_who_asked_for_them(parent: WarmParent) -> None:
    async with kernel(parent) as warm:
        pid = await warm.number("import os; print(os.getpid())")
        child = await warm.number("import subprocess; print(subprocess.Popen(['sleep', '60']).pid)")
        provisioner: Any = warm.manager.provisioner
        provisioner.process._connection.shutdown(socket.SHUT_RDWR)
        eventually(lambda: not is_there(pid) and not is_there(child))
        assert await provisioner.poll() == -signal.SIGKILL


async def test_kernels_end_with_their_parent() -> None:
    with WarmParent([]) as own:
        assert own.wait()
        async with kernel(own) as warm:
            pid = await warm.number("import os; print(os.getpid())")
            own._process.kill()
            eventually(lambda: not is_there(pid))
            assert await warm.manager.provisioner.poll() == -signal.SIGKILL  # type: ignore[union-attr]


def test_a_module_that_starts_threads_is_left_to_the_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "busy.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=[60]).start()\n"
    )
    (tmp_path / "bad.py").write_text("raise SystemExit('not me')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with WarmParent(["bad", "busy", "decimal"]) as started:
        assert started.wait()
        assert started._wanted == ["bad", "decimal"]


def test_a_parent_ends_with_who_started_it(tmp_path: Path) -> None:
    program = (
        "import os, sys; from brain.notebook_runs.warm.starting import WarmParent\n"
        "parent = WarmParent([]); assert parent.wait(); print(parent._process.pid, parent.folder, flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    import subprocess

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    pid, folder = ended.stdout.split()
    assert Path(folder).stat().st_mode & 0o777 == 0o700
    eventually(lambda: not is_there(int(pid)))


def test_only_kernels_of_this_interpreter_are_forked() -> None:
    assert can_fork("python3")
    assert not can_fork("no-such-kernel")


async def test_it_is_ready_in_a_fraction_of_the_time(parent: WarmParent) -> None:
    async def seconds(source: WarmParent | None) -> float:
        begin = time.perf_counter()
        async with kernel(source):
            return time.perf_counter() - begin

    await seconds(parent)
    warm, plain = [[await seconds(source) for _ in range(3)] for source in (parent, None)]
    print(f"warm {min(warm) * 1e3:.0f} ms, plain {min(plain) * 1e3:.0f} ms")  # noqa: T201 - `make bench` compares them
    assert len(warm) == len(plain)
