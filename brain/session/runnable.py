"""The tools that pipelines may be built with: the project's, and the one that runs notebooks, which is a verb's own."""

from functools import cache

from brain.pipeline_builder.spec import PipelineSpec
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.registry import Registry, built_in_tools_file

__all__ = ["NOTEBOOK_TOOL", "runnable"]

NOTEBOOK_TOOL = "notebook.run"


def runnable(registry: Registry, spec: PipelineSpec) -> Registry:
    """The tools for a pipeline; a project whose tools.json is older than batches are can run them all the same."""
    is_missing = NOTEBOOK_TOOL not in registry and any(step.tool == NOTEBOOK_TOOL for step in spec.steps)
    return Registry([*registry, _built_in(NOTEBOOK_TOOL)], registry.samples) if is_missing else registry


@cache
def _built_in(name: str) -> ToolDefinition:
    return Registry.from_file(built_in_tools_file()).get(name)
