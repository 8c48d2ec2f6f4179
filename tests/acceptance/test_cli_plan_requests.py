"""`brain plan --requests`: many requests in one process, a line of JSON each."""

import json

import pytest
from command_line import CommandLine

TOOLS = {
    "tools": [
        {
            "name": "getWeather",
            "description": "Weather forecast for a city.",
            "inputSchema": {
                "type": "object",
                "properties": {"city": {"type": "string", "description": "Name of the city."}},
                "required": ["city"],
            },
        },
        {
            "name": "math.gcd",
            "description": "Greatest common divisor of two whole numbers.",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "a": {"type": "integer", "description": "First number."},
                    "b": {"type": "integer", "description": "Second number."},
                    "format": {"type": "string", "description": "Format of the result. Default is 'plain'."},
                },
                "required": ["a", "b"],
            },
        },
    ]
}


def planned(here: CommandLine, *lines: object) -> list[dict]:
    (here.project / "tools-there.json").write_text(json.dumps(TOOLS), encoding="utf-8")
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    (here.project / "requests.jsonl").write_text(text, encoding="utf-8")
    ended = here("plan", "--tools", "tools-there.json", "--requests", "requests.jsonl")
    assert ended.code == 0, ended.err
    return [json.loads(line) for line in ended.out.splitlines()]


def test_a_line_comes_back_for_each_in_their_order(shop: CommandLine) -> None:
    forecast, divisor, asked, declined, narrowed = planned(
        shop,
        {"id": 1, "request": "Weather forecast for Oslo"},
        {"id": "b", "request": "greatest common divisor of 36 and 48"},
        "",
        {"id": 3, "request": "What is the weather forecast?", "tools": ["getWeather"]},
        {"id": 4, "request": "Sing me a song"},
        {"id": 5, "request": "greatest common divisor of 36 and 48", "tools": ["getWeather"]},
    )
    [step] = forecast["plan"]["steps"]
    assert (forecast["id"], step["tool"], step["arguments"]) == (1, "getWeather", {"city": "Oslo"})
    assert forecast["provenance"][0]["origin"] == "“Oslo”"
    assert divisor["id"] == "b"
    assert divisor["plan"]["steps"][0]["arguments"] == {"a": 36, "b": 48}
    assert (asked["plan"], [question["name"] for question in asked["questions"]]) == (None, ["city"])
    assert declined["plan"] is None
    assert declined["declined"].startswith("No plan was found")
    assert narrowed["plan"] is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "line 1: is no JSON"),
        ('{"id": 1}', "line 1: request: field required"),
        ('{"id": 1, "request": "a", "tool": []}', "line 1: tool: extra inputs are not permitted"),
        ("", "holds no requests"),
    ],
)
def test_a_broken_file_is_told_line_by_line(shop: CommandLine, content: str, said: str) -> None:
    (shop.project / "requests.jsonl").write_text(content, encoding="utf-8")
    ended = shop("plan", "--requests", "requests.jsonl")
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err


def test_a_tool_that_is_not_there_fails_its_own_line_alone(shop: CommandLine) -> None:
    wrong, right = planned(
        shop,
        {"id": 1, "request": "Weather forecast for Oslo", "tools": ["getWether"]},
        {"id": 2, "request": "Weather forecast for Oslo", "tools": ["getWeather"]},
    )
    assert "getWeather" in wrong["declined"]
    assert right["plan"]["steps"][0]["arguments"] == {"city": "Oslo"}


def test_many_requests_stand_alone(shop: CommandLine) -> None:
    ended = shop("plan", "a request", "--requests", "requests.jsonl")
    assert ended.code == 2
    assert "stands alone" in ended.err
