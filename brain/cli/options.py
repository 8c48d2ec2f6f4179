"""Options that several commands share, and the Brain that they describe."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from brain.cli import completion
from brain.named_values import json_or_text, named_values

if TYPE_CHECKING:
    from brain.session import Brain

__all__ = [
    "Answers",
    "AsJson",
    "Budget",
    "ChangedInputs",
    "ChangedPipeline",
    "Deadline",
    "DryRun",
    "Executor",
    "InputOptions",
    "LargerBudget",
    "LaterDeadline",
    "Limit",
    "NoCache",
    "Overwrite",
    "Project",
    "RetrySteps",
    "RunArgument",
    "SkipSteps",
    "Tools",
    "Yes",
    "agrees",
    "log_to_standard_error",
    "open_brain",
    "read_inputs",
    "somebody_is_there",
]

Project = Annotated[
    Path | None,
    typer.Option("--project", help="The project folder; else the nearest one upward with tools.json or .brain."),
]
Tools = Annotated[Path | None, typer.Option("--tools", help="Another tool registry than the project's tools.json.")]
Executor = Annotated[
    str | None,
    typer.Option(
        "--executor",
        help="Where tools are called: `local` in this process, `dask` on the cluster of DASK_SCHEDULER_ADDRESS or of "
        "`brain cluster`.",
        show_default="BRAIN_EXECUTOR",
        autocompletion=completion.executors,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text for people.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Run tools that change something without asking.")]
NoCache = Annotated[bool, typer.Option("--no-cache", help="Make every call, also where a step says `cache`.")]
Budget = Annotated[
    str | None,
    typer.Option(
        "--budget",
        help="What the run may spend on the chat model: US dollars (0.50), tokens (20000 tokens), both with a comma "
        "between, or none.",
        show_default="BRAIN_RUN_BUDGET",
    ),
]
LargerBudget = Annotated[
    str | None,
    typer.Option(
        "--budget",
        help="What all attempts of the run together may spend on the chat model, written as for `brain run`.",
        show_default="what it was",
    ),
]
Deadline = Annotated[
    str | None,
    typer.Option(
        "--deadline",
        help="How long the run may take: a number and s, m, h or d (10m), or none. It is interrupted then, and can be "
        "resumed.",
        show_default="BRAIN_RUN_DEADLINE",
    ),
]
LaterDeadline = Annotated[
    str | None,
    typer.Option(
        "--deadline",
        help="How long this attempt may take, and those after it, written as for `brain run`.",
        show_default="what it was",
    ),
]
RetrySteps = Annotated[
    list[str] | None,
    typer.Option(
        "--retry-step",
        help="A step to do again although nobody knows whether it did its work. Repeatable.",
        autocompletion=completion.steps,
    ),
]
SkipSteps = Annotated[
    list[str] | None,
    typer.Option(
        "--skip-step",
        help="A step not to do again although nobody knows whether it did its work: its result is null, and the steps "
        "that need it run. Repeatable.",
        autocompletion=completion.steps,
    ),
]
ChangedPipeline = Annotated[
    Path | None,
    typer.Option(
        "--pipeline",
        help="Another pipeline in YAML or JSON: it goes on as a new run, which takes over what is finished and the "
        "same.",
    ),
]
ChangedInputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input", "-i", help="Another input as name=value, likewise as a new run; the others stay. Repeatable."
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only tell which steps would be kept and which done again, and why.")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a file that holds something else.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="Rows at the most.")]
RunArgument = Annotated[
    str, typer.Argument(help="A run: the end or beginning of its id, or `last`.", autocompletion=completion.runs)
]
Answers = Annotated[
    list[str] | None,
    typer.Option(
        "--answer",
        "-a",
        help="An answer to a question about the request as name=value, as it lists them. Repeatable.",
    ),
]
InputOptions = Annotated[
    list[str] | None,
    typer.Option(
        "--input", "-i", help="An input of the run as name=value; the value is JSON or else text. Repeatable."
    ),
]


@contextmanager
def open_brain(
    project: Path | None = None, tools: Path | None = None, executor: str | None = None
) -> "Iterator[Brain]":
    """A Brain for one command; where its services have to be opened, a person is told that this takes its time."""
    from brain.cli.live import waiting

    with waiting("Loading"):
        from brain.session import Brain

        made = Brain(
            project, tools=tools, executor=executor, while_opening=partial(waiting, "Opening the knowledge base")
        )
    with made as brain:
        log_to_standard_error(brain.settings.brain_log_level)
        yield brain


def somebody_is_there() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def agrees(question: str) -> bool:
    """What a person answers; nobody there, or Ctrl-C, means no."""
    if not somebody_is_there():
        return False
    import questionary

    return bool(questionary.confirm(question, default=False).ask())


def log_to_standard_error(level: str) -> None:
    """Send the log there, tracebacks only in DEBUG."""
    handler = _StandardError()
    shape = "%(levelname)s %(name)s: %(message)s"
    handler.setFormatter(logging.Formatter(shape) if level == "DEBUG" else _Brief(shape))
    logging.basicConfig(level=level, handlers=[handler])


class _StandardError(logging.Handler):
    """Writes to what is standard error at that moment: while bars are drawn, that is above them."""

    def emit(self, record: logging.LogRecord) -> None:
        from brain.visible import visible

        sys.stderr.write(f"{visible(self.format(record))}\n")


class _Brief(logging.Formatter):
    """One line a record, with the reason at the end; BRAIN_LOG_LEVEL=DEBUG shows whole tracebacks."""

    def format(self, record: logging.LogRecord) -> str:
        record.message = record.getMessage()
        reason = (record.exc_text or "").strip().splitlines()[-1:]
        return " ".join([self.formatMessage(record), *reason])


def read_inputs(texts: list[str] | None) -> dict[str, Any]:
    """`name=value` texts as a mapping of JSON values; raises UsageError where there is no equals sign."""
    return {name: json_or_text(value) for name, value in named_values(texts, "--input").items()}
