"""The Brain: plain words become a checked pipeline of tools that runs while you watch and is remembered."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brain.artifacts import File
    from brain.errors import BrainError
    from brain.intent_inference.plan import Plan
    from brain.notebook_runs.recording import record
    from brain.pipeline_builder.spec import PipelineSpec
    from brain.runs import RunEvent, RunStatus, StepStatus
    from brain.session import Brain, Run
    from brain.session.batching.result import BatchRun
    from brain.session.secret_values import secret
    from brain.tool_registry.declared import tool

__all__ = [
    "BatchRun",
    "Brain",
    "BrainError",
    "File",
    "PipelineSpec",
    "Plan",
    "Run",
    "RunEvent",
    "RunStatus",
    "StepStatus",
    "record",
    "secret",
    "tool",
]

_HOMES = {
    "BatchRun": "brain.session.batching.result",
    "Brain": "brain.session",
    "BrainError": "brain.errors",
    "File": "brain.artifacts",
    "PipelineSpec": "brain.pipeline_builder.spec",
    "Plan": "brain.intent_inference.plan",
    "Run": "brain.session",
    "RunEvent": "brain.runs",
    "RunStatus": "brain.runs",
    "StepStatus": "brain.runs",
    "record": "brain.notebook_runs.recording",
    "secret": "brain.session.secret_values",
    "tool": "brain.tool_registry.declared",
}


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext brain` calls."""
    from brain.notebook import load_ipython_extension as load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """What `%unload_ext brain` and `%reload_ext brain` call."""
    from brain.notebook import unload_ipython_extension as unload

    unload(shell)


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that `import brain` costs next to nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'brain' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted((*globals(), *_HOMES))
