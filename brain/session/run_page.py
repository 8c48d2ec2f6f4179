"""A run as people look at it once it has come to rest: answer, results, steps, and what can be done next."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from brain import figures
from brain.artifacts import File, is_file, is_table
from brain.data_frames import to_frame
from brain.display.board import Line
from brain.display.bundles import Views, table_in_markdown
from brain.display.html import image, render
from brain.display.words import cached_from, duration, spent_words
from brain.errors import BrainError
from brain.runs import RunStatus, StepResult
from brain.shortened import shown
from brain.visible import visible

if TYPE_CHECKING:
    from brain.session.run import Run

__all__ = ["run_views"]

SHOWN_ROWS = 12
LONGEST_VALUE = 400
"""Characters of a result, or of an argument that waits for approval."""
LARGEST_PICTURE = 4 * 2**20
"""Bytes; a larger one is named."""


def run_views(run: "Run") -> Views:
    """The run in each form."""

    def html() -> str:
        return render(
            "run.html", status=run.status, answer=run.answer, error=run.error, outputs=list(_outputs(run)),
            notes=run.notes, questions=run.questions, calls=list(_calls(run)), summary=_summary(run),
            steps=[_line(step) for step in _whole(run)], next=_next(run),
        )  # fmt: skip

    def markdown() -> str:
        steps = [(_words(step), step.step_id, step.tool, _time(step.seconds)) for step in _whole(run)]
        table = table_in_markdown(("status", "step", "tool", "time"), steps) if steps else ""
        parts = [run.answer, run.error, *run.notes, f"**{run.status}** {_summary(run)}", table]
        return "\n\n".join(filter(None, parts))

    def plain() -> str:
        parts = [run.answer, run.error, *run.notes, f"{run.status} {_summary(run)}", _next(run)]
        return visible("\n".join(filter(None, parts)))

    return Views(plain, html, markdown)


def _whole(run: "Run") -> list[StepResult]:
    return [step for step in run.step_results if step.item is None]


def _summary(run: "Run") -> str:
    """How long, of how many steps, at what cost, how good."""
    steps = _whole(run)
    parts = [
        f"in {duration(run.seconds)}" if run.seconds is not None else "",
        f"{len(steps)} step{'s' * (len(steps) != 1)}" if steps else "",
        spent_words(run.spending, run.budget),
        f"score {figures.plain(run.score)}, not met: {', '.join(run.missed)}" if run.missed else "",
        f"run {run.id}",
    ]
    return " · ".join(filter(None, parts))


def _line(step: StepResult) -> Line:
    words = step.error or ("" if step.cached_from is None else cached_from(step.cached_from))
    done = 100.0 if step.status.has_result else None
    return Line(step.step_id, step.status, step.tool, done, words, started=step.started_at, ended=step.finished_at)


def _words(step: StepResult) -> str:
    return str(step.status) if step.cached_from is None else cached_from(step.cached_from)


def _time(seconds: float | None) -> str:
    return "" if seconds is None else duration(seconds)


def _outputs(run: "Run") -> Iterator[dict[str, Any]]:
    for name, value in run.outputs.references.items():
        if value is None and run.status is not RunStatus.SUCCEEDED:
            continue  # it never came so far
        try:
            yield _output(run, name, value)
        except BrainError as exc:  # its artifact is gone; the rest can be shown all the same
            yield {"kind": "gone", "name": name, "about": str(exc)}


def _output(run: "Run", name: str, value: Any) -> dict[str, Any]:
    place = run.outputs.address(name)
    if is_table(value):
        rows = run.outputs.arrow(name)
        some = f"{SHOWN_ROWS} of " if rows.num_rows > SHOWN_ROWS else ""
        about = f"{some}{rows.num_rows:,} row{'s' * (rows.num_rows != 1)}"
        return {
            "kind": "table",
            "name": name,
            "about": about,
            "html": _table(rows.slice(0, SHOWN_ROWS)),
        }
    if is_file(value):
        file: File = run.outputs[name]
        if file.media_type.startswith("image/") and len(file.content) <= LARGEST_PICTURE:
            return {
                "kind": "picture",
                "name": name,
                "about": "",
                "data": image(file.content, file.media_type),
            }
        return {"kind": "file", "name": name, "about": f"{file.media_type}, {place}"}
    if place is not None:
        return {"kind": "file", "name": name, "about": place}
    return {
        "kind": "text", "name": name, "about": "",
        "text": value if isinstance(value, str) else shown(value, LONGEST_VALUE),
    }  # fmt: skip


def _table(rows: Any) -> Any:
    from markupsafe import Markup

    return Markup(to_frame(rows).to_html(index=False, border=0, na_rep="", max_cols=30))  # noqa: S704 - pandas escapes


def _calls(run: "Run") -> Iterator[dict[str, Any]]:
    """What a waiting run wants to do."""
    for request in run.waiting_for:
        for arguments in run.calls_of(request):
            told = [(name, shown(value, LONGEST_VALUE)) for name, value in arguments.items()]
            yield {"step": request.step_id, "tool": request.tool, "arguments": told}


def _next(run: "Run") -> str:
    """What can be done about a run by now, as it is written in a cell."""
    match run.status:
        case RunStatus.WAITING if run.questions:
            return f"Answer with: %brain answer {run.id} {' '.join(question.blank for question in run.questions)}"
        case RunStatus.WAITING:
            return f"Allow it with: %brain approve {run.id}"
        case RunStatus.INTERRUPTED | RunStatus.CANCELLED | RunStatus.FAILED:
            return f"Go on with it: %brain resume {run.id}"
        case _:
            return ""
