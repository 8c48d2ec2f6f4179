"""Parts of pages in HTML, as notebooks show them.

Untrusted notebooks lose style sheets, scripts and inline SVG: here are inline styles, tables, `details`, and pictures
as data, in colours that are read on a light and on a dark ground. Whatever comes from outside is text: it is escaped,
and steers nothing.
"""

from base64 import b64encode
from functools import cache
from typing import TYPE_CHECKING, Any

from brain.display.words import duration
from brain.runs import RunStatus, StepStatus
from brain.visible import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Environment
    from markdown_it import MarkdownIt
    from markdown_it.renderer import RendererHTML
    from markdown_it.token import Token
    from markupsafe import Markup

__all__ = ["image", "markdown", "render"]

GREY = "#7d8590"
COLOURS: dict[StepStatus | RunStatus, str] = {
    StepStatus.RUNNING: "#2f74d0",
    StepStatus.SUCCEEDED: "#2c8a4b",
    StepStatus.CACHED: "#1b8085",
    StepStatus.FAILED: "#cf3f36",
    StepStatus.CANCELLED: "#b06f12",
    StepStatus.INTERRUPTED: "#b06f12",
    RunStatus.WAITING: "#b06f12",
}
"""As the picture of a pipeline has them; states of steps and runs of the same name are the same."""
SIGNS: dict[StepStatus | RunStatus, str] = {
    StepStatus.PENDING: "·",
    RunStatus.QUEUED: "·",
    StepStatus.RUNNING: "▸",
    StepStatus.SUCCEEDED: "✓",
    StepStatus.CACHED: "↺",
    StepStatus.FAILED: "✗",
    StepStatus.SKIPPED: "–",
    StepStatus.CANCELLED: "■",
    StepStatus.INTERRUPTED: "?",
    RunStatus.WAITING: "…",
}


def render(template: str, **values: Any) -> str:
    """The part of a page that a file in `templates` describes."""
    return _environment().get_template(template).render(values)


def image(content: str | bytes, media_type: str = "image/svg+xml") -> str:
    """A picture as the address of an `img`."""
    data = content.encode() if isinstance(content, str) else content
    return f"data:{media_type};base64,{b64encode(data).decode()}"


def markdown(text: str) -> "Markup":
    """Markdown as HTML: what is HTML in it is shown, pictures are not fetched, and the address of a link is seen."""
    from markupsafe import Markup

    return Markup(_markdown().render(visible(text)))  # noqa: S704 - the renderer escapes whatever is HTML in the text


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("brain.display", "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False, finalize=_seen,
    )  # fmt: skip
    made.filters |= {"duration": duration, "markdown": markdown}
    made.globals |= {"colour": _colour, "sign": SIGNS.__getitem__}
    return made


def _seen(value: Any) -> Any:
    return visible(value) if type(value) is str else value


def _colour(status: StepStatus | RunStatus) -> str:
    return COLOURS.get(status, GREY)


@cache
def _markdown() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    made = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    made.add_render_rule("link_open", _nothing)
    made.add_render_rule("link_close", _address)
    return made


def _nothing(_renderer: "RendererHTML", _tokens: "Sequence[Token]", _index: int, *_: Any) -> str:
    return ""


def _address(_renderer: "RendererHTML", tokens: "Sequence[Token]", index: int, *_: Any) -> str:
    """The address behind the words of a link: one that nobody sees before following it may lead anywhere."""
    from markupsafe import escape

    opening = next(token for token in reversed(tokens[:index]) if token.type == "link_open")
    href = escape(str(opening.attrs["href"]))
    return f' (<a href="{href}" target="_blank" rel="noopener noreferrer">{href}</a>)'
