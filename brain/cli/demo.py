"""`brain demo`: one real question about shipped data, through the same door as any other."""

from typing import Annotated

import typer

from brain.cli.options import Project, Tools, open_brain
from brain.cli.work import begin
from brain.errors import UsageError

__all__ = ["demo"]

DATA = "notebooks/data/seattle-weather.csv"
QUESTION = "Average daily rainfall by month in Seattle, and a chart"


def demo(
    question: Annotated[str, typer.Argument(help=f"What to ask about {DATA}.")] = QUESTION,
    *,
    project: Project = None,
    tools: Tools = None,
) -> None:
    """Ask about the shipped weather data: plan, live bars, answer, and what the knowledge base kept."""
    from brain.cli import render, tables
    from brain.cli.render import say
    from brain.session import Order

    with open_brain(project, tools) as brain:
        if not (brain.settings.project / DATA).is_file():
            raise UsageError(
                f"The demo asks about {DATA}, which is not in {brain.settings.project}: run it in a clone of the "
                'repository, or ask about a file of your own (brain ask "average price by city in prices.csv").'
            )
        say(f"\nThe question: {question}\n\nThe plan:")
        render.plan(brain.plan(question), as_json=False)
        say("\nThe run:")
        try:
            begin(brain, Order(request=question, source="cli"), as_json=False)
        finally:
            say("\nThe knowledge base (brain runs):")
            tables.frame(
                brain.runs(limit=5), as_json=False, columns=["id", "created_at", "status", "seconds", "request"]
            )
            say('\nNext: brain ask "Which month is the windiest?"   brain search rain   brain --help')
