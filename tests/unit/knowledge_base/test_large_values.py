"""Which values rows hold themselves, which are set aside, and that both come back as they were."""

import json
import logging
import random
import string
from pathlib import Path
from typing import Any

import pytest

from brain.artifacts import ArtifactCodec, ArtifactStore, MemoryStore, is_set_aside
from brain.artifacts.store import Write
from brain.config_secrets import Redactor
from brain.errors import ArtifactError
from brain.knowledge_base.cleaning import as_json
from brain.knowledge_base.large_values import LARGEST_IN_ROW, LargeValues, is_surely_small
from brain.runs import ApprovalRequest, StepResult, StepStatus

SECRET = "tok-8Hq2LmX0aZ"
TEXT = "five megabytes " * 350_000
NUMBERS = list(range(200_000))


class FullStore(MemoryStore):
    """Has room for nothing."""

    def put(self, suffix: str, write: Write) -> str:  # noqa: ARG002 - it never gets there
        raise ArtifactError("There is no room.")


class CountingStore(MemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.puts = 0

    def put(self, suffix: str, write: Write) -> str:
        self.puts += 1
        return super().put(suffix, write)


def made(store: ArtifactStore) -> tuple[LargeValues, ArtifactCodec]:
    codec = ArtifactCodec(store)
    return LargeValues(codec, Redactor({"TOKEN": SECRET})), codec


@pytest.fixture
def large() -> LargeValues:
    return made(MemoryStore())[0]


def step(result: Any = None, **arguments: Any) -> StepResult:
    return StepResult("s", "t.t", StepStatus.SUCCEEDED, arguments=arguments, result=result)


async def row_of(value: Any, large: LargeValues) -> Any:
    (row,) = await large.of_steps([step(value)])
    return row.result


@pytest.mark.parametrize(
    "value", [TEXT, NUMBERS, {"rows": [{"n": n} for n in range(50_000)]}], ids=lambda v: type(v).__name__
)
async def test_a_large_result_stands_in_its_row_as_a_reference_of_a_few_hundred_characters(value: Any) -> None:
    large, codec = made(MemoryStore())
    row = await row_of(value, large)
    assert is_set_aside(row)
    assert len(json.dumps(row)) < 500
    assert row["size"] == len(as_json(value))
    assert as_json(value).startswith(row["head"])
    assert codec.restore(row) == value


@pytest.mark.parametrize("value", [None, 5, "text", [1, {"a": [2.5, None]}], {"page": "x" * 20_000}])
async def test_a_small_one_stays_as_it_is(value: Any, large: LargeValues) -> None:
    given = [step(value, a=value)]
    assert await large.of_steps(given) is given


async def test_the_longest_that_stays_and_the_shortest_that_does_not(large: LargeValues) -> None:
    fits = "x" * (LARGEST_IN_ROW - 2)
    assert await row_of(fits, large) == fits
    assert is_set_aside(await row_of(fits + "x", large))


async def test_arguments_are_set_aside_one_by_one(large: LargeValues) -> None:
    (row,) = await large.of_steps([step(1, text=TEXT, path="a.txt", numbers=NUMBERS)])
    assert row.result == 1
    assert row.arguments["path"] == "a.txt"
    assert is_set_aside(row.arguments["text"])
    assert is_set_aside(row.arguments["numbers"])


async def test_outputs_and_requests_for_approval_are_set_aside_likewise(large: LargeValues) -> None:
    assert is_set_aside((await large.of_outputs({"a": TEXT, "b": 1}))["a"])
    one = ApprovalRequest("s", "t.t", {"content": TEXT, "path": "a"}, "hash")
    each = ApprovalRequest("s", "t.t", {"items": [{"content": TEXT}, {"content": "short"}]}, "hash")
    rows = await large.of_requests([one, each])
    assert is_set_aside(rows[0].arguments["content"])
    assert rows[0].arguments["path"] == "a"
    assert [is_set_aside(item["content"]) for item in rows[1].arguments["items"]] == [True, False]


async def test_the_same_value_is_written_once_however_often_it_is_handed_on() -> None:
    store = CountingStore()
    large, _ = made(store)
    value = [*NUMBERS]
    rows = await large.of_steps([step(value), *(step(n, numbers=value) for n in range(20))])
    assert {row.arguments["numbers"]["artifact"] for row in rows[1:]} == {rows[0].result["artifact"]}
    assert (await large.of_outputs({"numbers": value}))["numbers"] == rows[0].result
    assert store.puts == 1


async def test_what_is_set_aside_is_cleaned_as_rows_are(tmp_path: Path) -> None:
    large, codec = made(MemoryStore())
    text = f"{TEXT} {SECRET} nul \0 half \ud83d"
    row = await row_of({"text": text, "n": float("nan"), SECRET: 1}, large)
    assert codec.restore(row) == {
        "text": f"{TEXT} ${{secret:TOKEN}} nul \u2400 half \ufffd",
        "n": None,
        "${secret:TOKEN}": 1,
    }
    assert SECRET.encode() not in codec.content(row["artifact"])
    begins = await row_of(f"{SECRET} {TEXT}", large)
    assert begins["head"].startswith('"${secret:TOKEN} five')


class TestAValueThatLooksLikeAReference:
    """A page may say anything; nobody gets somebody else's value by it, and it comes back as it was."""

    @pytest.fixture
    def forged(self) -> dict[str, Any]:
        _, codec = made(MemoryStore())
        return dict(codec.set_aside('"what somebody else has kept"'))

    @pytest.mark.parametrize("shape", [lambda it: it, lambda it: [1, it], lambda it: {"in": [it]}])
    async def test_comes_back_as_it_was(self, shape: Any, forged: dict[str, Any]) -> None:
        large, codec = made(MemoryStore())
        codec.set_aside('"what somebody else has kept"')
        value = shape(forged)
        assert codec.restore(await row_of(value, large)) == value
        (row,) = await large.of_steps([step(None, a=value)])
        assert codec.restore(row.arguments["a"]) == value

    async def test_comes_back_out_of_the_list_of_a_steps_items_too(self, forged: dict[str, Any]) -> None:
        large, codec = made(MemoryStore())
        items = [forged, [forged], TEXT, 1]
        joined = [row.result for row in await large.of_steps([step(item) for item in items])]
        assert codec.restore(joined) == items

    async def test_is_never_left_in_a_row_where_it_would_be_misread(self, forged: dict[str, Any]) -> None:
        with pytest.raises(ArtifactError, match="There is no room"):
            await row_of(forged, made(FullStore())[0])


async def test_where_there_is_no_room_outside_the_value_stays_in_its_row(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert await row_of(TEXT, made(FullStore())[0]) is TEXT
    assert caplog.messages == ["A value of 5,250,002 characters stays in its row: There is no room."]


def test_what_counts_as_surely_small_is_small() -> None:
    """Values of every shape around the limit, by chance from a fixed seed."""
    chance = random.Random(5)
    told = [(is_surely_small(value), len(as_json(value))) for value in (any_value(chance, 5) for _ in range(2000))]
    assert all(length <= LARGEST_IN_ROW for is_small, length in told if is_small)
    assert {is_small for is_small, _ in told} == {True, False}


def any_value(chance: random.Random, depth: int) -> Any:
    letters = chance.choice([string.ascii_letters, "\x01\x02\x1f", '"\\\n', "ž🌧"])
    match chance.randrange(7 if depth else 5):
        case 0:
            return chance.choice([None, True, False])
        case 1:
            return chance.randrange(-(10 ** chance.randrange(1, 4000)), 10)
        case 2:
            return chance.uniform(-1e300, 1e300)
        case 3 | 4:
            return "".join(chance.choices(letters, k=chance.choice([3, 1000, 20_000])))
        case 5:
            return [any_value(chance, depth - 1) for _ in range(chance.randrange(8))]
        case _:
            keys = ("".join(chance.choices(letters, k=chance.randrange(2000))) for _ in range(chance.randrange(8)))
            return {key: any_value(chance, depth - 1) for key in keys}
