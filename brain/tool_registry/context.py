"""What a tool is given beside its arguments; a tool asks for it with a keyword-only parameter named `context`."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from brain.egress import Egress
from brain.language_models import ChatModel
from brain.runs import Json

__all__ = ["SharedResources", "ToolContext"]


class SharedResources:
    """What the calls of one process share, such as a browser: opened at the first use, closed with the process's work.

    Used on one event loop.
    """

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self._opened: dict[Callable[[], Any], Any] = {}
        self._opening = asyncio.Lock()

    async def get[T](self, opener: Callable[[], AbstractAsyncContextManager[T]]) -> T:
        """What `opener` opened when it was first asked for; raises what it raises, and tries anew the next time."""
        async with self._opening:
            if opener not in self._opened:
                self._opened[opener] = await self._stack.enter_async_context(opener())
            opened: T = self._opened[opener]
            return opened

    async def aclose(self) -> None:
        """Close everything, the newest first; what is asked for afterwards is opened anew."""
        self._opened.clear()
        await self._stack.aclose()


@dataclass(frozen=True, slots=True)
class ToolContext:
    """The outside world as one call of one tool may see it."""

    project: Path
    """File tools read below this folder and write below its `outputs/`."""
    egress: Egress
    """The only way to the network; it is this call's own, and reaches less once the call has asked for a secret."""
    model: ChatModel
    """The chat model that the settings name; it is loaded or connected to at its first use."""
    secret: Callable[[str], str]
    """The value of a secret that the tool's definition binds; anything else raises SettingsError.

    From then on the call reaches only the hosts of the binding, so ask for it where it is needed and not before.
    """
    report: Callable[[float | None, str], None]
    """Tell progress: percentage (0-100, None = unknown) and a short message. Cheap, from any thread."""
    shared: SharedResources = field(default_factory=SharedResources)
    """What is too dear to make for one call; for async tools."""
    chromium: Path | None = None
    """The browser that the settings name; None: the one that is found."""
    warm_kernels: bool = True
    """Whether kernels of notebooks may come from a process that has imported what they import."""
    artifacts_url: str | None = None
    """Where processes that a tool starts keep tables and files; None: where the settings of the project say."""
    earlier: Json = None
    """The result that the step cache has of the same call and that is too old to be used as it is; None: there is none.

    A tool that can ask whether it still holds (HTTP's If-None-Match) may return it again.
    """
