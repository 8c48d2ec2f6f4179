"""What a tool raised, in words that may be shown and stored."""

from collections.abc import Callable

from brain.errors import BrainError, ModelError, ToolError

__all__ = ["failure_of"]


def failure_of(name: str, exc: Exception, redacted: Callable[[str], str]) -> ToolError:
    """The same failure of the tool of that name, without what led to it."""
    if not isinstance(exc, BrainError):
        reason = redacted(f"{type(exc).__name__}: {exc}".rstrip(": "))
        return ToolError(f"{name} failed unexpectedly with {reason}.", transient=True)
    message = redacted(str(exc))
    if not isinstance(exc, ToolError):
        return ToolError(message, transient=isinstance(exc, ModelError) and exc.transient)
    kind = type(exc) if type(exc).__init__ is ToolError.__init__ else ToolError
    return kind(message, transient=exc.transient, left=exc.left)
