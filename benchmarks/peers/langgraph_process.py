"""Talks to `langgraph_program`, which runs in the peers' environment: one JSON line a question, one an answer."""

import json
import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.graphs import Graph
from benchmarks.peers.environment import peers_python

__all__ = ["LangGraph"]

ROOT = Path(__file__).parents[2]


class LangGraph:
    """A process that stays up between runs, so that neither its start nor its imports are measured."""

    def __init__(self, database_url: str) -> None:
        self._database_url = database_url

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [str(peers_python()), "-m", "benchmarks.peers.langgraph_program"],
            cwd=ROOT,
            env=os.environ | {"BENCHMARK_DATABASE_URL": self._database_url},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)

    def run(self, graph: Graph, *, persist: bool) -> float:
        """Seconds that `ainvoke` took over there."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps({"graph": graph.name, "persist": persist}) + "\n")
        stdin.flush()
        answer = stdout.readline()
        if not answer:
            raise RuntimeError("langgraph_program ended; its error stands above.")
        seconds: float = json.loads(answer)["seconds"]
        return seconds
