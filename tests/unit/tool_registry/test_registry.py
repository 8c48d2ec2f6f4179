import json
import sys
from pathlib import Path

import pytest

from brain.errors import RegistryError, UsageError
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.registry import Registry, built_in_tools_file, definition_hash, load

GOOD = {
    "name": "word.count",
    "description": "Count the words of a text.",
    "inputSchema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]},
    "run": {"python": "word_tools:count"},
}


def written(folder: Path, *entries: object) -> Path:
    path = folder / "tools.json"
    path.write_text(json.dumps({"tools": entries}), encoding="utf-8")
    return path


def refusal(path: Path) -> str:
    with pytest.raises(RegistryError) as error:
        Registry.from_file(path)
    return str(error.value)


def with_run(python: str, **changes: object) -> ToolDefinition:
    return ToolDefinition.model_validate({**GOOD, "run": {"python": python}, **changes})


@pytest.fixture
def modules(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("word_"):
            del sys.modules[name]


def test_the_built_in_tools_are_all_there_and_can_all_be_loaded():
    registry = Registry.from_file(built_in_tools_file())
    names = {definition.name for definition in registry}
    assert {"http.get", "html.extract_text", "table.read", "table.aggregate", "table.plot", "files.write"} <= names
    assert len(registry) == len(names)
    for definition in registry:
        assert callable(load(definition))
        assert definition.examples
        assert definition.output_schema


def test_only_tools_that_write_need_approval():
    registry = Registry.from_file(built_in_tools_file())
    writers = ("files.write", "browser.fill_and_submit")
    assert not any(registry.get(name).is_read_only for name in writers)
    assert all(registry.get(name).is_read_only for name in ("http.get", "table.read", "table.query", "text.summarize"))
    assert [definition.name for definition in registry if not definition.is_repeatable] == ["browser.fill_and_submit"]


def test_an_unknown_tool_is_answered_with_the_nearest_names(tmp_path):
    registry = Registry.from_file(written(tmp_path, GOOD))
    assert "word.count" in registry
    with pytest.raises(UsageError, match=r"no tool 'word\.cuont'\. Did you mean word\.count\? `brain tools` lists"):
        registry.get("word.cuont")


def test_a_missing_file_says_where_to_get_one(tmp_path):
    said = refusal(tmp_path / "tools.json")
    assert said.startswith(f"There is no {tmp_path / 'tools.json'}: copy the built-in tools from ")
    assert str(built_in_tools_file()) in said


def test_broken_json_is_told_by_line_and_column(tmp_path):
    path = tmp_path / "tools.json"
    path.write_text('{"tools": [\n  {"name": "a.b",}\n]}', encoding="utf-8")
    assert refusal(path).startswith(f"{path} is no valid JSON: line 2, column ")


@pytest.mark.parametrize("text", ["[]", "{}", '{"tools": {}}', "null"])
def test_a_file_without_a_list_of_tools_is_refused(tmp_path, text):
    path = tmp_path / "tools.json"
    path.write_text(text, encoding="utf-8")
    assert "must hold an object with a list of tools" in refusal(path)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "tools.json"
    path.write_bytes(b"\xff\xfe\x00\x80")
    assert "it is not UTF-8 text" in refusal(path)


def test_every_problem_is_told_at_once_with_entry_and_field(tmp_path):
    said = refusal(
        written(
            tmp_path,
            {**GOOD, "name": "Count Words"},
            {**GOOD, "name": "a.b", "descripton": "x", "inputSchema": {"type": "array"}},
            {**GOOD, "name": "c.d", "inputSchema": {"type": "object", "properties": {"n": {"type": "integr"}}}},
            {**GOOD, "name": "e.f", "inputSchema": {**GOOD["inputSchema"], "required": ["txet"]}},
            {**GOOD, "name": "g.h", "inputSchema": {"type": "array"}},
            {**GOOD, "name": "i.j", "examples": [{"description": "x", "arguments": {"txt": "x"}}]},
            {"name": "k.l"},
            "not an object",
            GOOD,
            GOOD,
        )
    )
    lines = said.splitlines()[1:]
    for expected in (
        "tools[0] (Count Words) name: ",
        "tools[1] (a.b) descripton: is not known. Did you mean description?",
        "tools[2] (c.d) inputSchema.properties.n.type: is no valid JSON Schema",
        "tools[3] (e.f) inputSchema.required: txet is not among the properties",
        'tools[4] (g.h) inputSchema.type: must be "object"',
        "tools[5] (i.j) examples.0.arguments: text is missing",
        "tools[5] (i.j) examples.0.arguments: txt is no argument of the tool",
        "tools[6] (k.l) description: is missing",
        "tools[6] (k.l) inputSchema: is missing",
        "tools[7]: must be an object",
        "word.count: is defined 2 times",
    ):
        assert any(line.startswith(f"  - {expected}") for line in lines), (expected, said)
    assert said.splitlines()[0].endswith(f"has {len(lines)} problems:")


def test_an_unknown_key_beside_tools_is_refused(tmp_path):
    path = tmp_path / "tools.json"
    path.write_text(json.dumps({"tools": [], "toolz": []}), encoding="utf-8")
    assert "toolz: is not known beside `tools`" in refusal(path)


def test_the_hash_follows_the_meaning_and_not_the_order_of_keys():
    same = ToolDefinition.model_validate(dict(reversed(GOOD.items())))
    assert definition_hash(same) == definition_hash(ToolDefinition.model_validate(GOOD))
    assert definition_hash(with_run("word_tools:count", version="2")) != definition_hash(same)


def test_code_is_imported_when_it_is_asked_for(modules):
    (modules / "word_tools.py").write_text("def count(text, *, context):\n    return len(text.split())\n")
    function = load(with_run("word_tools:count"))
    assert function("one two", context=None) == 2


@pytest.mark.parametrize(
    ("code", "run", "complaint"),
    [
        ("", "word_nowhere:count", "there is no module word_nowhere; install it, or put it in the project folder"),
        ("import word_missing", "word_a:count", "the module word_a needs word_missing, which is not installed"),
        ("1 / 0", "word_b:count", r"the module word_b cannot be imported \(ZeroDivisionError: division by zero\)"),
        ("def count(:", "word_c:count", r"the module word_c cannot be imported \(SyntaxError"),
        ("", "word_d:count", "count does not exist in word_d"),
        ("count = 3", "word_e:count", "count is no function in word_e"),
        ("def count(): ...", "word_f:count", "inputSchema has text, which the function does not take"),
        ("def count(text, language): ...", "word_g:count", "the function needs language, which inputSchema does not"),
    ],
)
def test_code_that_does_not_fit_is_told_with_the_tool_and_the_place(modules, code, run, complaint):
    module = run.partition(":")[0]
    if module != "word_nowhere":
        (modules / f"{module}.py").write_text(code)
    with pytest.raises(RegistryError, match=rf"The tool word\.count cannot be run \({run}\): {complaint}"):
        load(with_run(run))


def test_a_tool_without_code_cannot_be_run():
    with pytest.raises(RegistryError, match=r"word\.count can be planned with but not run"):
        load(ToolDefinition.model_validate({**GOOD, "run": None}))
