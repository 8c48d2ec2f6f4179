"""The verbs of `Brain` that are about tools and the secrets that they use."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from brain.session.examples import ExampleResult
from brain.session.opened import Opened
from brain.session.own_tools import AddedTool
from brain.session.secrets import SecretInfo
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["Toolbox"]


class Toolbox(Opened):
    """The tools of a project."""

    def tools(self, query: str = "", *, limit: int | None = None) -> list[ToolDefinition]:
        """The tools there are, or the ones that fit a query, best first (10 where no limit is given)."""
        return self._bridge.run(self._core.tools(query, limit))

    def tool(self, name: str) -> ToolDefinition:
        """The definition of a tool; raises UsageError with the nearest names where there is none."""
        return self._core.registry.get(name)

    def add_tool(
        self, function: Callable[..., Any] | str, *, after: str | None = None, path: str | Path | None = None
    ) -> AddedTool:
        """Write the entry of a function that `brain.tool` decorates into tools.json, or replace the one of its name.

        `function` may be its name too, as in `my_tools:change`, or the path of a notebook, whose parameters are then
        what the tool takes; `after` names the tool that the entry shall stand
        behind, `path` another file than this project's own.
        """
        place = None if path is None else Path(path).absolute()
        return self._bridge.run(self._core.own_tools.add(function, place, after=after))

    def remove_tool(self, name: str, *, path: str | Path | None = None) -> bool:
        """Take a tool out of tools.json; returns whether the file was made of the built-in tools first."""
        return self._bridge.run(self._core.own_tools.remove(name, None if path is None else Path(path).absolute()))

    def test_tool(self, name: str, *, yes: bool = False) -> list[ExampleResult]:
        """Make the calls that a tool's examples show; those of a tool that changes something only with `yes`."""
        return self._bridge.run(self._core.test_tool(name, yes=yes))

    def secrets(self) -> list[SecretInfo]:
        """The secrets that tools bind and that the table holds: where each comes from and may go, never a value."""
        return self._bridge.run(self._core.secrets.list())

    def set_secret(self, name: str, value: str) -> SecretInfo:
        """Keep a secret encrypted in the database, for tools that bind its name; `.env` and the environment win."""
        return self._bridge.run(self._core.secrets.set(name, value))

    def remove_secret(self, name: str) -> None:
        """Forget a secret that the database holds."""
        self._bridge.run(self._core.secrets.remove(name))

    def secret_value(self, name: str) -> str:
        """The value of a secret; raises SettingsError where it is not set. In notebooks `brain.secret` is better."""
        return self._bridge.run(self._core.secrets.reveal(name))

    def rotate_secrets(self) -> int:
        """Encrypt every secret in the database under the first key of BRAIN_SECRETS_KEY; returns how many."""
        return self._bridge.run(self._core.secrets.rotate())
