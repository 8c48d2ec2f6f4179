import json
import sys
from pathlib import Path

import pytest

from brain.errors import RegistryError, UsageError
from brain.tool_registry.definitions import ToolDefinition
from brain.tool_registry.registry import Registry, built_in_tools_file, load

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
    writing = {"browser.fill_and_submit", "files.write", "http.post", "notebook.run"}
    assert {definition.name for definition in registry if not definition.is_read_only} == writing
    not_repeatable = {definition.name for definition in registry if not definition.is_repeatable}
    assert not_repeatable == {"browser.fill_and_submit", "http.post", "notebook.run"}


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


WRONG_BINDINGS = {
    'secrets.0.name: "OPENAI_API_KEY" belongs to the Brain itself': [{"name": "OPENAI_API_KEY"}],
    'secrets.0.name: "not a name" is no name for a secret': [{"name": "not a name", "hosts": ["a.example"]}],
    'secrets.0.hosts.1: "https://a.example/" must be a host as in api.example.com': [
        {"name": "SHOP_TOKEN", "hosts": ["a.example", "https://a.example/"]}
    ],
    'secrets.0.hosts.0: "*" must be a host': [{"name": "SHOP_TOKEN", "hosts": ["*"]}],
    "secrets: SHOP_TOKEN is bound 2 times": [{"name": "SHOP_TOKEN"}, {"name": "SHOP_TOKEN", "hosts": ["a.example"]}],
    "secrets.0.host: is not known": [{"name": "SHOP_TOKEN", "host": "a.example"}],
}


@pytest.mark.parametrize("expected", WRONG_BINDINGS)
def test_a_binding_that_could_not_hold_is_refused(tmp_path, expected):
    said = refusal(written(tmp_path, {**GOOD, "secrets": WRONG_BINDINGS[expected]}))
    assert f"  - tools[0] (word.count) {expected}" in said


def test_an_unknown_key_beside_tools_is_refused(tmp_path):
    path = tmp_path / "tools.json"
    path.write_text(json.dumps({"tools": [], "toolz": []}), encoding="utf-8")
    assert "toolz: is not known beside `tools`" in refusal(path)


def taking(**properties: object) -> dict[str, object]:
    return {"inputSchema": {"type": "object", "properties": properties}}


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"timeout": "1 minute"}, "timeout: '1 minute' is no duration; it takes a number and ms, s, m, h or d, as in"),
        ({"timeout": "0s"}, "timeout: must be longer than nothing, as in 30s"),
        ({"cache": "soon"}, "cache: 'soon' is no duration"),
        (
            {"limits": {"rate": "5 a second"}},
            "limits.rate: '5 a second' is no rate; it takes a whole number, a slash and",
        ),
        ({"limits": {"rate": 5}}, "limits.rate: input should be a valid string, not 5"),
        ({"limits": {"concurrent": 0}}, "limits.concurrent: input should be greater than or equal to 1, not 0"),
        ({"limits": {"concurrent": True}}, "limits.concurrent: input should be a valid integer, not true"),
        ({"limits": {"concurent": 2}}, "limits.concurent: is not known. Did you mean concurrent?"),
    ],
)
def test_a_duration_that_is_none_is_told_where_it_stands(tmp_path, changes, problem):
    assert f"tools[0] (word.count) {problem}" in refusal(written(tmp_path, {**GOOD, **changes}))


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"inputSchema": {"type": "object", "x-cues": "download"}}, "inputSchema.x-cues: must be a list of words"),
        ({"inputSchema": {"type": "object", "x-cues": ["get", 3]}}, "inputSchema.x-cues: must be a list of words"),
        (taking(t={"type": "string", "x-cues": ["big"]}), "inputSchema.properties.t.x-cues: must name for members of"),
        (taking(t={"enum": ["a"], "x-cues": {"a": "big"}}), "inputSchema.properties.t.x-cues.a: must be a list of wor"),
        (taking(t={"enum": ["mean"], "x-cues": {"maen": []}}), "properties.t.x-cues: maen is not in enum. Did you me"),
        (taking(t={"x-role": "mesure"}), "inputSchema.properties.t.x-role: mesure is not known. Did you mean measure"),
        (taking(t={"x-role": ["measure"]}), "inputSchema.properties.t.x-role: must be one of against, conditions, "),
        (taking(t={"x-column": "numbers"}), "inputSchema.properties.t.x-column: numbers is not known. Did you mean nu"),
        (taking(t={"x-column-for": "x"}), "properties.t.x-column-for: must name for values of other arguments which"),
        (
            taking(f={}, t={"x-column-for": {"f": "none"}}),
            "t.x-column-for.f: must name for values of f which columns fit",
        ),
        (taking(f={}, t={"x-column-for": {"f": {"a": "no"}}}), "t.x-column-for.f.a: no is not known. Did you mean no"),
        (taking(t={"x-column-for": {"f": {"a": "any"}}}), "t.x-column-for: f is no argument of the tool"),
        ({"outputSchema": {"x-columns": ["a"]}}, "outputSchema.x-columns: must name columns with their types"),
        ({"outputSchema": {"x-columns": {"a": 3}}}, "outputSchema.x-columns.a: must be text, the type of the column"),
        (taking(t={"$ref": "#/$defs/q"}), "inputSchema: has a $ref that leads nowhere (Pointer '/$defs/q' does not"),
        (taking(t={"$ref": "https://example.org/q.json"}), "inputSchema: has a $ref that leads nowhere (Resource 'ht"),
        (taking(t={"$dynamicRef": "#q"}), "inputSchema: has a $ref that leads nowhere (Anchor 'q' does not exist)"),
        (taking(t={"pattern": "["}), 'inputSchema: is no valid JSON Schema ("[" is not a "regex")'),
        ({"outputSchema": {"items": {"$ref": "#/$defs/q"}}}, "outputSchema: has a $ref that leads nowhere"),
        (
            {**taking(t={"type": "integer"}), "examples": [{"description": "x", "arguments": {"t": "no number"}}]},
            'examples.0.arguments.t: "no number" is not of type "integer"',
        ),
        (
            {
                **taking(a={"type": "object", "format": "table"}, t={"$ref": "#/properties/u"}, u={"enum": ["x"]}),
                "examples": [{"description": "x", "arguments": {"a": "${weather}", "t": "y"}}],
            },
            "examples.0.arguments.t: ",
        ),
    ],
)
def test_what_planners_read_is_checked_too(tmp_path, changes, problem):
    said = refusal(written(tmp_path, {**GOOD, **changes}))
    assert problem in said
    assert len(said.splitlines()) == 2


def test_an_example_that_is_nothing_but_values_is_checked_as_a_whole(tmp_path):
    schema = {**taking(t={}, u={})["inputSchema"], "dependentRequired": {"t": ["u"]}}
    examples = [{"description": "x", "arguments": {"t": 1}}]
    assert 'examples.0.arguments: "u" is' in refusal(
        written(tmp_path, {**GOOD, "inputSchema": schema, "examples": examples})
    )
    with_reference = [{"description": "x", "arguments": {"t": "${weather}"}}]
    Registry.from_file(written(tmp_path, {**GOOD, "inputSchema": schema, "examples": with_reference}))


def test_an_argument_that_takes_anything_may_say_so_in_one_word(tmp_path):
    registry = Registry.from_file(written(tmp_path, {**GOOD, **taking(t=True, u=False)}))
    assert registry.get("word.count").parameters == {"t": {}, "u": {"not": {}}}


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
        (None, "builtins:dict", "nobody can tell what dict takes; name a function that is written in Python"),
        (None, "math:hypot", "nobody can tell what hypot takes; name a function that is written in Python"),
    ],
)
def test_code_that_does_not_fit_is_told_with_the_tool_and_the_place(modules, code, run, complaint):
    module = run.partition(":")[0]
    if code is not None and module != "word_nowhere":
        (modules / f"{module}.py").write_text(code)
    with pytest.raises(RegistryError, match=rf"The tool word\.count cannot be run \({run}\): {complaint}"):
        load(with_run(run))


@pytest.mark.parametrize(
    ("code", "complaint"),
    [
        (
            "async def count(text): ...",
            "an async function cannot have a process of its own; write it without async, or",
        ),
        ("def count(text, *, context): ...", "a context cannot go into a process of its own; write the function witho"),
    ],
)
def test_what_cannot_have_a_process_is_told_what_to_change(modules, code, complaint):
    (modules / "word_busy.py").write_text(code)
    definition = with_run("word_busy:count")
    assert not definition.wants_process
    load(definition)
    asking = with_run("word_busy:count", run={"python": "word_busy:count", "process": True})
    assert asking.wants_process
    with pytest.raises(RegistryError, match=rf"The tool word\.count cannot be run \(word_busy:count\): {complaint}"):
        load(asking)


def test_whether_a_tool_has_a_process_is_said_by_yes_or_no(tmp_path):
    said = refusal(written(tmp_path, {**GOOD, "run": {"python": "word_tools:count", "process": "forked"}}))
    assert "tools[0] (word.count) run.process: input should be a valid boolean" in said


def test_a_tool_without_code_cannot_be_run():
    with pytest.raises(RegistryError, match=r"word\.count can be planned with but not run"):
        load(ToolDefinition.model_validate({**GOOD, "run": None}))
