"""Synchronous code over the background loop: results, errors, interrupts, and the end."""

import asyncio
import threading
import time
from _thread import interrupt_main
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import pytest

from brain.errors import UsageError
from brain.session import bridge as bridging
from brain.session.bridge import Bridge


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    opened = Bridge()
    yield opened
    opened.close()


async def give(value: str) -> str:
    await asyncio.sleep(0)
    return value


async def fail() -> None:
    raise UsageError("not so")


def interrupt_after(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next wait is interrupted, as by Ctrl-C, once so much time has passed."""
    wait = bridging._wait
    deadline = time.monotonic() + seconds

    def impatient(future: object) -> object:
        while time.monotonic() < deadline:
            time.sleep(0.01)
        monkeypatch.setattr(bridging, "_wait", wait)
        raise KeyboardInterrupt

    monkeypatch.setattr(bridging, "_wait", impatient)


def test_a_coroutine_gives_its_result_or_raises_its_error(bridge: Bridge) -> None:
    assert bridge.run(give("here")) == "here"
    with pytest.raises(UsageError, match="not so"):
        bridge.run(fail())


@pytest.mark.parametrize("seconds", [0, 0.1])
def test_an_interrupt_is_raised_after_what_was_waited_for_has_cleaned_up(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    begun: list[str] = []
    tidied: list[str] = []

    async def work() -> None:
        begun.append("work")
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            tidied.append("work")

    interrupt_after(seconds, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        bridge.run(work())
    assert tidied == begun
    assert begun or not seconds
    assert bridge.run(give("still usable")) == "still usable"


@pytest.mark.parametrize("is_too_late", [False, True])
def test_an_interrupt_in_the_very_moment_of_handing_over_leaves_nothing_running(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch, *, is_too_late: bool
) -> None:
    hand_over = bridge._loop.call_soon_threadsafe

    def interrupted(*arguments: Any) -> object:
        monkeypatch.setattr(bridge._loop, "call_soon_threadsafe", hand_over)
        if is_too_late:
            hand_over(*arguments)
        raise KeyboardInterrupt

    async def work() -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr(bridge._loop, "call_soon_threadsafe", interrupted)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        bridge.run(work())
    assert time.monotonic() - began < 30

    async def others() -> int:
        return len(asyncio.all_tasks()) - 1

    assert bridge.run(others()) == 0


async def count(closed: threading.Event) -> AsyncGenerator[int]:
    try:
        for number in range(1_000):
            yield number
            await asyncio.sleep(0.001 if number < 3 else 60)
    finally:
        await asyncio.sleep(0.01)
        closed.set()


def test_an_iterator_that_is_given_up_is_closed_at_once(bridge: Bridge) -> None:
    closed = threading.Event()
    numbers = bridge.iterate(count(closed))
    assert [next(numbers), next(numbers)] == [0, 1]
    numbers.close()  # type: ignore[attr-defined] # it is a generator
    assert closed.is_set()


def test_an_iterator_is_closed_although_an_interrupt_comes_while_it_waits(
    bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = threading.Event()
    numbers = bridge.iterate(count(closed))
    assert [next(numbers) for _ in range(4)] == [0, 1, 2, 3]
    interrupt_after(0.1, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        next(numbers)
    assert closed.is_set()


def test_a_closed_bridge_says_so_and_may_be_closed_again() -> None:
    bridge = Bridge()
    bridge.close()
    bridge.close()
    with pytest.raises(UsageError, match="This Brain is closed"):
        bridge.run(give("nothing"))


def test_closing_cancels_what_still_runs() -> None:
    bridge, ended = Bridge(), threading.Event()

    async def linger() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async def begin() -> "asyncio.Task[None]":
        task = asyncio.create_task(linger())
        await asyncio.sleep(0)
        return task

    bridge.run(begin())
    bridge.close()
    assert ended.is_set()


def test_what_was_begun_while_an_interrupt_came_is_undone() -> None:
    bridge, undone = Bridge(), list[str]()

    async def begin() -> str:
        await asyncio.sleep(0.3)
        return "a run"

    try:
        threading.Timer(0.1, interrupt_main).start()
        with pytest.raises(KeyboardInterrupt):
            bridge.run_whole(begin(), undone.append)
        assert undone == ["a run"]
    finally:
        bridge.close()
