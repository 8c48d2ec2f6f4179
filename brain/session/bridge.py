"""The one place where synchronous code meets the async core: a background thread with an event loop."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import CancelledError, Future, wait
from functools import partial
from typing import Any

from brain.errors import UsageError

__all__ = ["Bridge"]

POLL_SECONDS = 0.1
"""Between two looks at a future, so that Ctrl-C is noticed in a wait that would otherwise block it on some systems."""
CLOSE_SECONDS = 10.0
CLOSED = "This Brain is closed: make another one."


class Bridge:
    """Runs coroutines on its own loop, whether or not the caller's thread has one (Jupyter's has)."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="brain-loop", daemon=True)
        self._thread.start()

    @property
    def is_open(self) -> bool:
        """Whether coroutines can be run."""
        return self._thread.is_alive()

    def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for a coroutine; an interrupt of the waiting thread cancels it, waits for its end, and is raised."""
        if not self.is_open:
            work.close()
            raise UsageError(CLOSED)
        outcome: Future[T] = Future()
        tasks: list[asyncio.Task[T]] = []

        def begin() -> None:
            tasks.append(self._loop.create_task(work))
            tasks[0].add_done_callback(partial(_tell, outcome))

        def end() -> None:
            if tasks:
                tasks[0].cancel()
            else:  # the interrupt came before the work had begun
                work.close()
                outcome.set_exception(CancelledError())

        try:
            self._loop.call_soon_threadsafe(begin)
            return _wait(outcome)
        except KeyboardInterrupt:
            self._loop.call_soon_threadsafe(end)
            wait([outcome], CLOSE_SECONDS)
            raise

    def run_whole[T](self, work: Coroutine[Any, Any, T], undo: Callable[[T], object]) -> T:
        """Wait for a coroutine; an interrupt lets it come to its end, undoes what it gave, and is raised."""
        future = self.spawn(work)
        try:
            return _wait(future)
        except KeyboardInterrupt:
            wait([future], CLOSE_SECONDS)
            if future.done() and not future.exception():
                undo(future.result())
            raise

    def spawn[T](self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Begin a coroutine without waiting for it; cancelling the future cancels it."""
        if not self.is_open:
            work.close()
            raise UsageError(CLOSED)
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def awaited[T](self, work: Coroutine[Any, Any, T]) -> T:
        """The outcome of a coroutine, awaited on the caller's own loop; cancelling the wait cancels it.

        It looks often: the stop button of a notebook reaches a task only when that wakes up.
        """
        future = self.spawn(work)
        outcome = asyncio.wrap_future(future)
        try:
            while not outcome.done():
                await asyncio.wait([outcome], timeout=POLL_SECONDS)
        except asyncio.CancelledError:
            future.cancel()
            raise
        return outcome.result()

    def iterate[T](self, source: AsyncIterator[T]) -> Iterator[T]:
        """The items of an async iterator, one by one."""
        end = object()
        try:
            while (item := self.run(_next(source, end))) is not end:
                yield item  # type: ignore[misc] # everything but the end is a T
        finally:
            close = getattr(source, "aclose", None)
            if close is not None and self._thread.is_alive():
                self.run(close())

    def close(self) -> None:
        """Stop the loop; what still runs on it is cancelled."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(CLOSE_SECONDS)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()


def _tell[T](outcome: Future[T], task: asyncio.Task[T]) -> None:
    if task.cancelled():
        outcome.set_exception(CancelledError())
    elif error := task.exception():
        outcome.set_exception(error)
    else:
        outcome.set_result(task.result())


def _wait[T](future: Future[T]) -> T:
    while True:
        try:
            return future.result(POLL_SECONDS)
        except TimeoutError:
            if future.done():
                return future.result()


async def _next[T](source: AsyncIterator[T], end: object) -> T | object:
    return await anext(source, end)
