"""How evaluations look at a terminal, as they go and when they are done; as JSON for programs."""

from typing import TYPE_CHECKING, Protocol, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from brain import figures
from brain.cli.screen import print_json, screen
from brain.evaluator import Change

if TYPE_CHECKING:
    from brain.evaluator import CaseResult, Comparison, Judgement, SuiteRun

__all__ = ["SuiteProgress", "comparison", "judgement", "progress", "suite_run"]

PASSED, NOT_PASSED = "[green]✓[/]", "[red]✗[/]"
CHANGE_COLOURS = {Change.BETTER: "green", Change.WORSE: "red", Change.SAME: "dim"}
TEXTS = ("case", "what is wrong")
"""Columns that are folded where the screen is narrow."""
LEAST_TEXT = 16
LONGEST_WRONG = 300
"""Characters of what is wrong with a case."""


class SuiteProgress(Protocol):
    """Shows cases as they are done, in a context."""

    is_begun: bool

    def show(self, case: "CaseResult", done: int, of: int) -> None:
        """Show a case that is done; called on another thread."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(self, *exc_info: object) -> None:
        """End."""


def progress(setting: str, cases: int) -> SuiteProgress:
    """For a setting (BRAIN_PROGRESS), and so many cases; a bar needs a terminal."""
    console = screen(error=True)
    if setting == "off":
        return _Nothing()
    return (
        _Bar(console, cases) if setting == "bars" or (setting != "plain" and console.is_terminal) else _Lines(console)
    )


class _Nothing:
    is_begun = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        pass

    def show(self, case: "CaseResult", done: int, of: int) -> None:  # noqa: ARG002 - as the Protocol has it
        self.is_begun = True


class _Lines(_Nothing):
    """One line a case, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def show(self, case: "CaseResult", done: int, of: int) -> None:
        super().show(case, done, of)
        sign = "✓" if case.passed else "✗"
        line = f"{done}/{of}  {sign} {case.name}  {case.outcome} {case.seconds:.1f} s"
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class _Bar(_Nothing):
    def __init__(self, console: Console, cases: int) -> None:
        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
        self._progress = Progress(*columns, console=console, transient=True)
        self._task = self._progress.add_task("the first cases …", total=cases)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._progress.stop()

    def show(self, case: "CaseResult", done: int, of: int) -> None:
        super().show(case, done, of)
        sign = PASSED if case.passed else NOT_PASSED
        self._progress.update(self._task, completed=done, description=f"{sign} {escape(case.name)}")


def suite_run(shown: "SuiteRun", *, as_json: bool) -> None:
    """A table with a row a case, and how many passed."""
    if as_json:
        print_json(shown.to_json())
        return
    console = screen()
    is_judged = shown.judged is not None
    drawn = _table("", "case", "score", *(["judged"] if is_judged else []), "outcome", "s", "what is wrong")
    for case in shown.cases:
        drawn.add_row(
            PASSED if case.passed else NOT_PASSED, escape(case.name), figures.plain(case.score),
            *([_judged(case)] if is_judged else []), case.outcome, f"{case.seconds:.1f}", escape(_wrong(case)),
        )  # fmt: skip
    console.print(drawn)
    console.print(f"\n{_summary(shown)}", highlight=False)
    console.print(f"[dim]evaluation {shown.id}. Again at any time: brain eval show {shown.id}[/]", highlight=False)


def comparison(shown: "Comparison", *, as_json: bool) -> None:
    """A table with a row a case and both results, what else differs, and how many changed."""
    if as_json:
        print_json(shown.to_json())
        return
    console = screen()
    drawn = _table("case", f"before {shown.before.id}", f"after {shown.after.id}", "")
    for case in shown.cases:
        colour = CHANGE_COLOURS.get(case.change, "yellow")
        drawn.add_row(escape(case.name), _result(case.before), _result(case.after), f"[{colour}]{case.change}[/]")
    console.print(drawn)
    for case in shown.cases:
        if case.after is not None and not case.after.passed:
            console.print(f"{NOT_PASSED} [bold]{escape(case.name)}[/] {escape(_wrong(case.after))}", highlight=False)
    for name, (was, now) in shown.differences.items():
        console.print(f"[bold]{escape(name)}[/] {escape(was or 'none')} → {escape(now or 'none')}", highlight=False)
    console.print(f"\nbefore: {_summary(shown.before)}\nafter: {_summary(shown.after)}", highlight=False)
    changed = ", ".join(f"{shown.count(change)} {change}" for change in Change if shown.count(change))
    console.print(f"{changed}. [dim]evaluation {shown.after.id}[/]", highlight=False)


def judgement(shown: "Judgement", *, as_json: bool) -> None:
    """The ratings and the reasons."""
    if as_json:
        print_json(shown.to_json())
        return
    console = screen()
    for name, rating in shown.criteria.items():
        console.print(f"{rating} of 5  {name.replace('_', ' ')}", highlight=False)
    console.print(shown.reasons, markup=False, highlight=False)
    by = f"by {shown.model} with {shown.prompt}"
    console.print(f"\njudged [bold]{figures.plain(shown.score)}[/] [dim]{escape(by)}[/]", highlight=False)


def _table(*names: str) -> Table:
    drawn = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for name in names:
        is_text = name in TEXTS
        drawn.add_column(name, overflow="fold", no_wrap=not is_text, min_width=LEAST_TEXT if is_text else None)
    return drawn


def _judged(case: "CaseResult") -> str:
    return "" if case.judgement is None else figures.plain(case.judgement.score)


def _result(case: "CaseResult | None") -> str:
    if case is None:
        return ""
    judged = f" judged {_judged(case)}" if case.judgement is not None else ""
    return f"{PASSED if case.passed else NOT_PASSED} {figures.plain(case.score)} {case.outcome}{judged}"


def _wrong(case: "CaseResult") -> str:
    return figures.shorten("; ".join((*case.wrong, *case.notes)), LONGEST_WRONG)


def _summary(shown: "SuiteRun") -> str:
    of = shown.wanted
    colour = "green" if shown.passed == of else "red"
    seconds = sum(case.seconds for case in shown.cases)
    tokens = sum(case.spending.tokens for case in shown.cases)
    took = f"{seconds:.1f} s of work" + (f", {tokens:,} tokens" if tokens else "")
    judged = f", judged {figures.plain(shown.judged)}" if shown.judged is not None else ""
    unfinished = "" if shown.finished_at is not None else ", interrupted"
    plans = ", plans only" if shown.plan_only else ""
    return f"[{colour}]{shown.passed} of {of}[/] passed ({shown.score:.0%}){judged}{plans}, {took}{unfinished}"
