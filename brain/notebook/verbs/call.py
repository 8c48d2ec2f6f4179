"""One use of a verb: what stands on its line and in its cell, with the variables of the notebook filled in."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from brain.errors import UsageError
from brain.named_values import json_or_text
from brain.notebook.arguments import Parser, split
from brain.notebook.handle import BatchHandle, RunHandle
from brain.notebook.kernel import Kernel
from brain.notebook.variables import PLACE, Write, in_prose, insert

if TYPE_CHECKING:
    from brain.session import Brain

__all__ = ["Call", "Verb"]


@dataclass(frozen=True, slots=True)
class Verb:
    """A word behind `%brain`, what it takes and what it does."""

    name: str
    help: str
    """A line."""
    takes: Callable[[Parser], None]
    """Adds its arguments to a parser."""
    makes: Callable[["Call"], Any]
    body: str = ""
    """The argument that the body of a cell stands for; empty where it takes none."""
    writes: Write = in_prose
    """How variables are written into the body."""

    def parser(self) -> Parser:
        """For the words behind it."""
        body = f"\nThe body of a cell is its {self.body}." if self.body else ""
        made = Parser(self.name, description=self.help + body)
        self.takes(made)
        made.add_argument("--out", metavar="NAME", help="keep the result in this variable instead of showing it")
        return made


@dataclass(frozen=True, slots=True)
class Call:
    """A verb with its words."""

    verb: Verb
    options: argparse.Namespace
    body: str | None
    """Of the cell, its placeholders filled in."""
    kernel: Kernel
    tables: Mapping[str, Any] = field(default_factory=dict)
    """DataFrames and Arrow tables that the body or a word names."""

    @classmethod
    def of(cls, verb: Verb, line: str, cell: str | None, kernel: Kernel) -> "Call":
        """Parse it; raises UsageError, HelpShown."""
        has_body = cell is not None and bool(cell.strip())
        if has_body and not verb.body:
            raise UsageError(f"%%brain {verb.name} takes no body: write %brain {verb.name} in a line.")
        words = split(PLACE.sub(r"{{\1}}", line))
        options = verb.parser().parse(words)
        if options.out is not None and not options.out.isidentifier():
            raise UsageError(f"--out takes the name of a variable, not {options.out!r}.")
        if not has_body:
            return cls(verb, options, None, kernel)
        body, tables = insert((cell or "").strip(), kernel.variables, verb.writes)
        return cls(verb, options, body, kernel, tables)

    def made(self) -> Any:
        """What the verb gives."""
        return self.verb.makes(self)

    @property
    def brain(self) -> "Brain":
        """The one that does it."""
        return self.kernel.brain(getattr(self.options, "executor", None))

    def text(self, words: list[str]) -> tuple[str, dict[str, Any]]:
        """What the cell says, else the words of the line, and the tables in it; raises UsageError where both do."""
        if self.body is not None and words:
            raise UsageError(f"Give the {self.verb.body} in the line or in the cell, not both.")
        if self.body is not None:
            return self.body, dict(self.tables)
        text, tables = insert(" ".join(words), self.kernel.variables, self.verb.writes)
        if not text.strip():
            raise UsageError(f"Which {self.verb.body}? Write it in the cell below %%brain {self.verb.name}.")
        return text, tables

    def named(self, word: str) -> Any:
        """The variable of that name, else the word; of a run that goes on, its id; of a batch, that."""
        value = self.kernel.variables.get(word, word) if word.isidentifier() else word
        match value:
            case RunHandle():
                return value.run_id
            case BatchHandle():
                return value.show()
            case _:
                return value

    def value(self, text: str) -> Any:
        """What stands behind an equals sign: a variable as it is, JSON, or text."""
        if whole := PLACE.fullmatch(text.strip()):
            insert(text, self.kernel.variables, in_prose)  # which complains where there is no such variable
            return self.kernel.variables[whole[1]]
        filled, _ = insert(text, self.kernel.variables, in_prose)
        return json_or_text(filled)
