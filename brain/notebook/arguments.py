"""The words of a magic's line: split as a shell does, parsed by argparse, with errors of one sentence."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from brain.errors import UsageError
from brain.nearest import did_you_mean

__all__ = ["HelpShown", "Parser", "split"]


class HelpShown(Exception):
    """The help was asked for, and stands in the cell's output: there is nothing more to do."""


class Parser(argparse.ArgumentParser):
    """Parses the words behind one verb; raises UsageError, or HelpShown."""

    def __init__(self, verb: str, **options: Any) -> None:
        super().__init__(
            prog=f"%brain {verb}", allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **options
        )
        self._verb = verb

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """What the words say."""
        options, left = self.parse_known_args(words)
        if left:
            self._refuse(left)
        return options

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:  # noqa: ARG002 - what argparse calls
        """Where argparse would end the process, the magic ends."""
        raise HelpShown

    def print_help(self, file: Any = None) -> None:
        """In the output of the cell."""
        (file or sys.stdout).write(self.format_help())

    def error(self, message: str) -> NoReturn:
        """As argparse says it, with what to do next."""
        raise UsageError(f"%brain {self._verb}: {message}. %brain {self._verb} --help shows what it takes.")

    @property
    def options(self) -> list[argparse.Action]:
        """What is said with a flag."""
        return [action for action in self._actions if action.option_strings]

    @property
    def positionals(self) -> list[argparse.Action]:
        """What is said by its place."""
        return [action for action in self._actions if not action.option_strings]

    @property
    def flags(self) -> list[str]:
        """Every option as it is written."""
        return [flag for action in self._actions for flag in action.option_strings]

    def _refuse(self, left: Sequence[str]) -> NoReturn:
        word = left[0].partition("=")[0]
        if word.startswith("-"):
            hint = did_you_mean(word, [flag for flag in self.flags if flag.startswith("--")])
            raise UsageError(
                f"%brain {self._verb} has no option {word}.{hint} %brain {self._verb} --help lists what there is."
            )
        self.error(f"{shlex.join(left)} is too much")


def split(line: str) -> list[str]:
    """The words of a line; raises UsageError where a quotation mark is open."""
    try:
        return shlex.split(line)
    except ValueError:
        raise UsageError(
            f"A quotation mark is not closed in: {line.strip()} (prose stands below %%brain, where any mark will do)."
        ) from None
