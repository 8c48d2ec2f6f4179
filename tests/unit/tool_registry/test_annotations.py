from brain.intent_inference import slots
from brain.tool_registry.annotations import COLUMN_KINDS, ROLES
from brain.tool_registry.registry import Registry, built_in_tools_file


def test_the_roles_that_are_taken_are_those_that_the_small_planner_knows():
    assert {*slots.ROLES, "result"} == ROLES


def test_the_built_in_tools_use_annotations_that_the_planner_knows():
    arguments = [schema for tool in Registry.from_file(built_in_tools_file()) for schema in tool.parameters.values()]
    assert {schema["x-role"] for schema in arguments if "x-role" in schema} <= ROLES
    assert {schema["x-column"] for schema in arguments if "x-column" in schema} <= COLUMN_KINDS
