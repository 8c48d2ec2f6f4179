"""A Dask cluster on this machine for trying out what a larger one would do."""

import time
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from brain.cli.options import AsJson, Project

if TYPE_CHECKING:
    from brain.executor.dask.local_cluster import LocalCluster

__all__ = ["cluster"]

HOUR = 3600


def cluster(
    *,
    workers: Annotated[int, typer.Option("--workers", "-w", min=1, max=256, help="Processes.")] = 2,
    threads: Annotated[int, typer.Option("--threads", min=1, max=256, help="Calls at a time in each.")] = 1,
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="Of the scheduler; 0: one that is free.")] = 0,
    project: Project = None,
    as_json: AsJson = False,
) -> None:
    """Start a Dask cluster here and hold it until Ctrl-C; `brain run --executor dask` uses it."""
    from brain.cli.live import note, waiting
    from brain.config_secrets import load_settings
    from brain.executor.dask.local_cluster import local_cluster

    settings = load_settings(project)
    with ExitStack() as stack:
        with waiting("Starting the workers"):
            opened = local_cluster(settings.state_folder, workers=workers, threads=threads, port=port)
            made = stack.enter_context(opened)
        try:
            _show(made, as_json=as_json)
            while True:
                time.sleep(HOUR)
        except KeyboardInterrupt:
            note("The cluster is stopped.")


def _show(made: "LocalCluster", *, as_json: bool) -> None:
    from brain.cli.render import say
    from brain.cli.screen import print_json

    if as_json:
        print_json(asdict(made))
        return
    say(f"{made.workers} workers with {made.threads} thread{'s' if made.threads > 1 else ''} each at {made.address}")
    if made.dashboard:
        say(f"what they do: {made.dashboard}")
    say("use it: brain run PIPELINE --executor dask; stop it: Ctrl-C")
