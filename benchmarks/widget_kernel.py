"""A kernel that takes us for the front end of a person: cells are run in it, and what they print is read."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

__all__ = ["Cells", "opened_kernel"]

LONGEST_SECONDS = 120


class Cells:
    """Runs cells of one kernel."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self._client = client

    def run(self, code: str) -> Any:
        """The JSON value that the last line of the cell printed."""
        printed: list[str] = []

        def take(message: Any) -> None:
            if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
                printed.append(message["content"]["text"])

        # cells of people may ask at standard input, which is what ours know them by
        reply = self._client.execute_interactive(code, allow_stdin=True, output_hook=take, timeout=LONGEST_SECONDS)
        assert reply["content"]["status"] == "ok", reply["content"]
        lines = "".join(printed).splitlines()
        return json.loads(lines[-1]) if lines else None


@contextmanager
def opened_kernel(folder: Path, **environment: str) -> Iterator[Cells]:
    """A fresh kernel that works in a folder."""
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(folder), env={**os.environ, **environment})
    try:
        yield Cells(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
