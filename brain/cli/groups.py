"""Groups of commands, one of which is meant where none is named."""

from typing import Any

from typer.core import TyperGroup

__all__ = ["RunByDefault"]


class RunByDefault(TyperGroup):
    """What is no command is what is to be run: `brain eval suite.yaml`."""

    default = "run"

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As click does it, with the default where no command is named."""
        is_named = not args or args[0] in self.commands or args[0] in ctx.help_option_names
        return super().parse_args(ctx, args if is_named else [self.default, *args])
