"""What a run is to do, as a door hands it over."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from brain.intent_inference.plan import Plan
from brain.pipeline_builder.spec import PipelineSpec

__all__ = ["Order"]


@dataclass(frozen=True, slots=True)
class Order:
    """What is wanted: a request to plan for, a plan that was made for it already, or a pipeline as it is."""

    request: str = ""
    spec: PipelineSpec | None = None
    plan: Plan | None = None
    """Run as it is; the run says who made it, and what that took."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """Values, DataFrames and Arrow tables by name."""
    yes: bool = False
    """Whether tools that change something may run without asking."""
    source: str = "python"
    use_cache: bool = True
    """Whether results of earlier calls may stand for steps that say `cache`."""
