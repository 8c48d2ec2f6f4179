"""What a run that waits shows to a person: its calls with Approve and Edit, or its questions as a form."""

from collections.abc import Callable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any
from uuid import UUID

from brain.errors import BrainError, Clarification
from brain.notebook.live import beside, subject_of
from brain.notebook.place import Place
from brain.notebook.widget import WidgetSurface, close_all
from brain.pipeline_builder.spec import PipelineSpec
from brain.runs import RunStatus
from brain.session.order import Order
from brain.session.run_page import run_views
from brain.visible import visible

if TYPE_CHECKING:
    from ipywidgets import Widget

    from brain.session import Brain, Run

__all__ = ["show_form"]


def show_form(brain: "Brain", run: "Run") -> None:
    """In the output of the cell; a click goes on with the run, which is then shown in the same place."""
    _Form(brain, run).show()


class _Form:
    def __init__(self, brain: "Brain", run: "Run") -> None:
        self._brain = brain
        self._run = run
        self._place = Place()
        self._box: Any = None
        self._said: Any = None

    def show(self, before: str = "") -> None:
        """The form for whatever the run waits for, below a page that tells what that is."""
        from ipywidgets import HTML, VBox

        self._said = HTML()
        parts = self._questions() if self._run.questions else self._approval()
        self._box = VBox([*([HTML(before)] if before else []), *parts, self._said])
        self._place.show(self._box)

    def _approval(self) -> "list[Widget]":
        from ipywidgets import Button, HBox, Layout, Textarea

        approve = Button(description="Approve", icon="check", button_style="success")
        edit = Button(description="Edit", icon="pencil")
        again = Button(
            description="Run the edited pipeline",
            layout=Layout(width="auto", align_self="flex-start", display="none"),
        )
        text = self._run.spec.to_yaml() if self._run.spec is not None else ""
        area = Textarea(text, rows=min(24, text.count("\n") + 2), layout=Layout(width="100%", display="none"))

        def open_editor(_: Any) -> None:
            area.layout.display = again.layout.display = ""
            edit.disabled = True

        approve.on_click(lambda _: self._go_on(lambda: self._brain.start_approved(self._run)))
        edit.on_click(open_editor)
        again.on_click(lambda _: self._go_on(lambda: self._edited(area.value)))
        return [HBox([approve, edit]), area, again]

    def _edited(self, text: str) -> UUID:
        """A run of the pipeline as it stands in the editor, with the same inputs."""
        order = Order(spec=PipelineSpec.from_text(text), inputs=self._run.inputs, source="notebook")
        return self._brain.start(order)

    def _questions(self) -> "list[Widget]":
        from ipywidgets import HTML, Button

        fields = {question.name: _field(question) for question in self._run.questions}
        parts: list[Widget] = []
        for question in self._run.questions:
            words, why = (escape(visible(text)) for text in (question.question, question.why))
            parts += [
                HTML(f"<b>{words}</b> <span style='opacity:.75'>asked because {why}</span>"),
                fields[question.name],
            ]
        answer = Button(description="Answer", icon="check", button_style="success")
        answer.on_click(lambda _: self._go_on(lambda: self._brain.start_answered(self._run, _said(fields))))
        return [*parts, answer]

    def _go_on(self, start: Callable[[], UUID]) -> None:
        """Begin, and show the run where the form is; what is wrong is told below it."""
        try:
            run_id = start()
        except BrainError as exc:
            self._said.value = f"<span style='color:#cf3f36'>{escape(visible(str(exc)))}</span>"
            return
        surface = WidgetSurface(subject_of(self._brain, run_id), self._place)
        surface.draw()
        close_all(self._box)
        beside(self._brain, run_id, surface, lambda: self._rested(run_id, surface.settled))

    def _rested(self, run_id: UUID, settled: str) -> None:
        """Add the run's page to how it went; or ask again."""
        self._run = self._brain.show(run_id)
        page = settled + run_views(self._run).html()
        if self._run.status is RunStatus.WAITING:
            self.show(page)  # the cell's own result tells of the run before
        else:
            self._place.show_html(page)


def _field(question: Clarification) -> Any:
    """Where the answer goes, by its schema."""
    from ipywidgets import Checkbox, Dropdown, Layout, Text

    schema = question.schema
    if "enum" in schema:
        options = [(str(member), member) for member in schema["enum"]]
        return Dropdown(options=options, value=schema.get("default", schema["enum"][0]))
    if schema.get("type") == "boolean":
        return Checkbox(value=bool(schema.get("default", False)), description="yes", indent=False)
    return Text(value=str(schema.get("default", "")), layout=Layout(width="60%"))


def _said(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in the fields; an empty one is left out, so that its question's default counts."""
    return {name: field.value for name, field in fields.items() if field.value != ""}
