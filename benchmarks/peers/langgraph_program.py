"""Runs in the peers' environment: LangGraph on the benchmark's graphs, with or without its PostgreSQL checkpointer.

A step is an async node that reads and writes one channel, a counter with `operator.add` as its reducer. The graph is
compiled and the checkpointer connected beforehand; what is measured is `ainvoke`, from the call until it has returned,
by which time all checkpoints are written (durability is the default, "async": written while the next step runs).
"""

import asyncio
import gc
import json
import operator
import os
import sys
import time
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypedDict
from uuid import uuid4

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.graph import END, START, StateGraph

from benchmarks.graphs import Graph, Node
from benchmarks.workflows.load import all_graphs


class State(TypedDict):
    done: Annotated[int, operator.add]


type Step = Callable[[State], Coroutine[Any, Any, State]]


async def main() -> None:
    graphs = all_graphs()
    async with AsyncPostgresSaver.from_conn_string(os.environ["BENCHMARK_DATABASE_URL"]) as saver:
        await saver.setup()
        compiled = {
            (name, persist): build(graph).compile(checkpointer=saver if persist else None)
            for name, graph in graphs.items()
            for persist in (False, True)
        }
        while question := await asyncio.to_thread(sys.stdin.readline):
            wanted = json.loads(question)
            graph = graphs[wanted["graph"]]
            seconds = await invoke(compiled[graph.name, wanted["persist"]], len(graph.nodes))
            print(json.dumps({"seconds": seconds}), flush=True)


async def invoke(compiled: Any, steps: int) -> float:
    config = {"configurable": {"thread_id": str(uuid4())}, "recursion_limit": steps + 10}
    gc.collect()
    begin = time.perf_counter()
    state = await compiled.ainvoke({"done": 0}, config)
    seconds = time.perf_counter() - begin
    assert state["done"] == steps
    return seconds


def build(graph: Graph) -> StateGraph[State]:
    builder = StateGraph(State)
    for node in graph.nodes:
        builder.add_node(node.id, step_for(node))
        match node.needs:
            case ():
                builder.add_edge(START, node.id)
            case (only,):
                builder.add_edge(only, node.id)
            case several:
                builder.add_edge(list(several), node.id)
    for sink in graph.sinks:
        builder.add_edge(sink, END)
    return builder


def step_for(node: Node) -> Step:
    async def nothing(state: State) -> State:
        return {"done": 1 if state["done"] >= 0 else 0}

    async def sleep(state: State) -> State:
        await asyncio.sleep(node.seconds)
        return {"done": 1 if state["done"] >= 0 else 0}

    return sleep if node.seconds else nothing


asyncio.run(main())
