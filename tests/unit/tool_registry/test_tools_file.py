"""What is changed in a tools.json is the entry and nothing else."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brain.errors import RegistryError, UsageError
from brain.tool_registry.registry import Registry, built_in_tools_file
from brain.tool_registry.tools_file import ToolsFile, kept_annotations


def entry(name: str, **more: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    return {"name": name, "description": f"The tool that is called {name}.", "inputSchema": schema, **more}


ODD = """\ufeff{  "version" : "2",\r
 "tools":[ {"name":"a.one",   "description": "The first, with [brackets], \\"quotes\\" and }",\r
   "inputSchema": {"type":"object"}}\t,\r
\r
   {"name": "b.two", "description": "The second one \\u00e9 é.", "inputSchema": {"type": "object",\r
      "properties": {}}},{"name": "c.three", "description": "The third one.", "inputSchema": {"type": "object"}}\r
 ]  ,\r
 "samples": {"tools": {"value": ["tools", {"tools": []}]}}}\r
"""


@pytest.fixture
def odd(tmp_path: Path) -> ToolsFile:
    path = tmp_path / "tools.json"
    path.write_bytes(ODD.encode())
    return ToolsFile(path)


def names(file: ToolsFile) -> list[str]:
    return [tool.name for tool in Registry.from_file(file.path)]


def written(file: ToolsFile) -> str:
    return file.path.read_bytes().decode()


def without_spaces(text: str) -> str:
    return re.sub(r"\s", "", text)


def test_a_new_entry_stands_at_the_end_and_everything_else_stays_byte_for_byte(odd: ToolsFile) -> None:
    odd.put(entry("d.four"))
    before, _, behind = ODD.partition('{"type": "object"}}\r\n ]')
    text = written(odd)
    assert text.startswith(f'{before}{{"type": "object"}}}},')
    assert text.endswith(f"\r\n ]{behind}")
    assert names(odd) == ["a.one", "b.two", "c.three", "d.four"]


def test_an_entry_may_stand_behind_another(odd: ToolsFile) -> None:
    odd.put(entry("d.four"), after="a.one")
    assert names(odd) == ["a.one", "d.four", "b.two", "c.three"]
    text = written(odd)
    assert "\n" not in text.replace("\r\n", "")
    assert '"inputSchema": {"type":"object"}},\r\n\r\n   {\r\n     "name": "d.four",\r\n' in text


def test_an_entry_of_the_same_name_is_replaced_in_its_place(odd: ToolsFile) -> None:
    odd.put(entry("b.two", version="7"))
    assert names(odd) == ["a.one", "b.two", "c.three"]
    assert Registry.from_file(odd.path).get("b.two").version == "7"
    head, _, rest = ODD.partition('{"name": "b.two"')
    text = written(odd)
    assert text.startswith(head)
    assert text.endswith(rest.partition('"properties": {}}}')[2])


def test_an_entry_that_is_there_moves_where_it_is_told_where_to(odd: ToolsFile) -> None:
    odd.put(entry("a.one"), after="b.two")
    assert names(odd) == ["b.two", "a.one", "c.three"]
    assert odd.entry("a.one") == entry("a.one")


@pytest.mark.parametrize("name", ["a.one", "b.two", "c.three"])
def test_an_entry_is_taken_out_and_what_remains_is_as_it_was(odd: ToolsFile, name: str) -> None:
    kept = {other: _raw(written(odd), other) for other in names(odd) if other != name}
    odd.remove(name)
    assert names(odd) == list(kept)
    assert all(_raw(written(odd), other) == text for other, text in kept.items())
    assert written(odd).endswith(ODD[ODD.index("]  ,") :])


def _raw(text: str, name: str) -> str:
    start = re.search(r'\{"name":\s*"' + re.escape(name), text)
    assert start is not None
    return text[start.start() : json.JSONDecoder().raw_decode(text, start.start())[1]]


def test_what_was_taken_out_and_put_back_leaves_a_right_file(odd: ToolsFile) -> None:
    for name in names(odd):
        odd.remove(name)
    assert without_spaces(written(odd)).startswith('\ufeff{"version":"2","tools":[],')
    odd.put(entry("a.one"))
    odd.put(entry("b.two"))
    assert names(odd) == ["a.one", "b.two"]


def test_the_built_in_file_gets_an_entry_in_its_own_style(tmp_path: Path) -> None:
    file = ToolsFile(tmp_path / "deep" / "tools.json")
    assert file.make()
    assert not file.make()
    built_in = built_in_tools_file().read_bytes()
    assert file.path.read_bytes() == built_in
    file.put(entry("word.count", annotations={"readOnlyHint": True}))
    added = written(file)[len(built_in.decode().rstrip()[: -len("\n  ]\n}")]) :]
    assert added.startswith(',\n    {\n      "name": "word.count",\n      "description": "The tool')
    assert '\n      "annotations": {"readOnlyHint": true}\n    }\n  ]\n}' in added
    file.remove("word.count")
    assert file.path.read_bytes() == built_in


def test_long_parts_are_broken_and_short_ones_are_not(odd: ToolsFile) -> None:
    properties = {f"argument_{number}": {"type": "string", "description": "x" * 40} for number in range(9)}
    schema = {"type": "object", "properties": properties, "required": []}
    odd.put({**entry("d.four"), "inputSchema": schema}, after="a.one")
    text = written(odd)
    assert f'"argument_1": {{"type": "string", "description": "{"x" * 40}"}},\r\n' in text
    assert max(map(len, text.splitlines())) <= 160
    assert odd.entry("d.four") == {**entry("d.four"), "inputSchema": schema}


def test_a_file_on_one_line_stays_on_one(tmp_path: Path) -> None:
    file = ToolsFile(tmp_path / "tools.json")
    file.path.write_text(json.dumps({"tools": [entry("a.one")]}))
    file.put(entry("b.two"))
    assert written(file) == json.dumps({"tools": [entry("a.one"), entry("b.two")]}).replace('}, {"name"', '},{"name"')


def test_what_would_be_wrong_is_not_written(odd: ToolsFile) -> None:
    with pytest.raises(RegistryError, match=r"tools\[3\] \(D four\) name: "):
        odd.put(entry("D four"))
    with pytest.raises(UsageError, match=r"There is no other tool 'b\.twwo'.*Did you mean b\.two\?"):
        odd.put(entry("d.four"), after="b.twwo")
    with pytest.raises(UsageError, match=r"There is no other tool 'a\.one'"):
        odd.put(entry("a.one"), after="a.one")
    with pytest.raises(UsageError, match=r"There is no tool 'b\.twwo' in .*Did you mean b\.two\?"):
        odd.remove("b.twwo")
    assert written(odd) == ODD
    assert [path.name for path in odd.path.parent.iterdir()] == ["tools.json"]


def test_a_broken_file_is_told_before_anything_is_changed(tmp_path: Path) -> None:
    file = ToolsFile(tmp_path / "tools.json")
    file.path.write_text('{"tools": [{"name": "A"}]}')
    with pytest.raises(RegistryError, match="problems"):
        file.put(entry("a.b"))


def test_a_link_stays_a_link_and_permissions_stay(tmp_path: Path, odd: ToolsFile) -> None:
    odd.path.chmod(0o640)
    link = tmp_path / "linked.json"
    link.symlink_to(odd.path)
    ToolsFile(link).put(entry("d.four"))
    assert link.is_symlink()
    assert odd.path.stat().st_mode & 0o777 == 0o640
    assert names(odd)[-1] == "d.four"


def test_annotations_that_were_written_by_hand_are_carried_over() -> None:
    before = entry("a.b", outputSchema={"x-columns": {"a": "double"}})
    before["inputSchema"] = {
        "type": "object",
        "x-cues": ["count"],
        "properties": {"a": {"x-role": "measure"}, "b": {"x-role": "limit"}, "gone": {"x-role": "order"}},
    }
    new = entry("a.b", outputSchema={"type": "string"})
    new["inputSchema"]["properties"] = {"a": {"type": "string"}, "b": {"x-role": "group"}, "c": {}}
    assert kept_annotations(new, before) == [
        "inputSchema.x-cues",
        "outputSchema.x-columns",
        "inputSchema.properties.a.x-role",
    ]
    assert new["inputSchema"]["properties"] == {
        "a": {"type": "string", "x-role": "measure"},
        "b": {"x-role": "group"},
        "c": {},
    }
    assert kept_annotations(entry("a.b"), None) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.sampled_from(["put", "remove"]), st.none() | st.sampled_from("abcdef")),
        max_size=8,
    )
)
def test_any_changes_leave_the_file_that_they_say(tmp_path: Path, changes: list[tuple[str, str, str | None]]) -> None:
    file = ToolsFile(tmp_path / "tools.json")
    file.path.write_bytes(ODD.encode())
    expected = ["a.one", "b.two", "c.three"]
    for letter, verb, after in changes:
        name, behind = f"{letter}.x", f"{after}.x" if after else None
        try:
            if verb == "remove":
                file.remove(name)
                expected.remove(name)
            else:
                file.put(entry(name), after=behind)
                if behind or name not in expected:
                    expected = [other for other in expected if other != name]
                    expected.insert(expected.index(behind) + 1 if behind else len(expected), name)
        except UsageError:
            pass
        assert names(file) == expected
