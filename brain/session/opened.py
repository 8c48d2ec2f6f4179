"""A Brain that is opened and closed: its settings, its loop on a thread, and the core that works there."""

from contextlib import nullcontext, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from brain.config_secrets import Settings, load_settings
from brain.errors import UsageError
from brain.session.bridge import Bridge
from brain.session.core import Core, WhileOpening
from brain.session.run import Run

__all__ = ["Opened", "RunLike"]

type RunLike = Run | UUID | str
"""A run, its id, the beginning or end of its id, or `last`."""


class Opened:
    """What every verb needs. Use it as a context manager, or call `close`: runs that still go on are then cancelled."""

    def __init__(
        self,
        project: str | Path | None = None,
        *,
        tools: str | Path | None = None,
        executor: str | None = None,
        settings: Settings | None = None,
        while_opening: WhileOpening = nullcontext,
    ) -> None:
        overrides: dict[str, Any] = {"brain_tools": Path(tools).absolute()} if tools is not None else {}
        overrides |= {"brain_executor": executor} if executor is not None else {}
        self.settings = settings or load_settings(Path(project) if project is not None else None, **overrides)
        self._bridge = Bridge()
        try:
            self._core = self._bridge.run(_open(self.settings, while_opening))
        except BaseException:
            self._bridge.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Cancel what still runs here, and let go of the services; a second call does nothing."""
        if self._bridge.is_open:
            try:
                with suppress(KeyboardInterrupt):
                    self._bridge.run(self._core.__aexit__(None, None, None))
            finally:
                self._bridge.close()

    def resolve(self, run: RunLike) -> UUID:
        """The full id of a run."""
        match run:
            case UUID():
                return run
            case Run():
                return run.run_id
            case str():
                return self._bridge.run(self._core.resolve(run))
            case _:
                raise UsageError(f"A run is named by its id, a part of it, or `last`, not by {run!r}.")


async def _open(settings: Settings, while_opening: WhileOpening) -> Core:
    return Core(settings, while_opening)
