"""Commands about what goes on already, in whichever process: watch, cancel."""

import typer

from brain.cli import CANCELLED, batches
from brain.cli.options import AsJson, Project, RunArgument, open_brain
from brain.cli.work import finish

__all__ = ["cancel", "watch"]


def watch(run: RunArgument = "last", *, project: Project = None, as_json: AsJson = False) -> None:
    """Watch a run or a batch, of any process; with --json one event a line. Ctrl-C only ends the watching."""
    from brain.cli import live
    from brain.runs import short_id

    with open_brain(project) as brain:
        if (batch_id := brain.find_batch(run)) is not None:
            batches.watched(brain, batch_id, as_json=as_json)
            return
        run_id = brain.resolve(run)
        try:
            with live.view(brain.settings.brain_progress, as_json=as_json) as view:
                for event in brain.watch(run_id):
                    view.show(event)
        except KeyboardInterrupt:
            live.note(f"The run goes on without being watched; this ends it: brain cancel {short_id(run_id)}")
            raise typer.Exit(CANCELLED) from None
        finish(brain.show(run_id), as_json=None if as_json else False)


def cancel(run: RunArgument, *, project: Project = None, as_json: AsJson = False) -> None:
    """End a run or a batch, whichever process it is in."""
    from brain.cli import live, render

    with open_brain(project) as brain:
        if (batch_id := brain.find_batch(run)) is not None:
            brain.cancel(str(batch_id))
            batches.shown(brain, brain.wait_batch(batch_id).batch_id, as_json=as_json)
            return
        found = brain.show(run)
        if found.status.is_final:
            live.note(f"There is nothing to cancel: the run {found.id} is {found.status}.")
        else:
            brain.cancel(found)
        render.run(brain.wait(found), as_json=as_json)
