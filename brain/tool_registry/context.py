"""What a tool is given beside its arguments; a tool asks for it with a keyword-only parameter named `context`."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from brain.egress import Egress
from brain.language_models import ChatModel

__all__ = ["ToolContext"]


@dataclass(frozen=True, slots=True)
class ToolContext:
    """The outside world as one call of one tool may see it."""

    project: Path
    """File tools read below this folder and write below its `outputs/`."""
    egress: Egress
    """The only way to the network."""
    model: ChatModel
    """The chat model that the settings name; it is loaded or connected to at its first use."""
    secret: Callable[[str], str]
    """The value of a secret that the tool's definition binds; anything else raises SettingsError."""
    report: Callable[[float | None, str], None]
    """Tell progress: percentage (0-100, None = unknown) and a short message. Cheap, from any thread."""
