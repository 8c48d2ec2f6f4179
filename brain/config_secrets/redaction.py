"""Values of secrets in texts and JSON become references again, also in the forms that programs give them."""

import json
import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote

from dotenv import dotenv_values

from brain.config_secrets.forms import SHORTEST_BEGINNING, Form, forms_of
from brain.config_secrets.references import SECRET_NAME

__all__ = ["SHORTEST_SECRET", "Redactor"]

SHORTEST_SECRET = 6
"""Characters; a shorter value is not redacted, because it would be found in ordinary words."""
URL_PASSWORD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?P<user>[^:/@?#]*):(?P<password>[^@?#]+)@")
LISTS = frozenset({"BRAIN_SECRETS_KEY"})
"""Variables that hold several secrets, separated by commas."""
_as_json = json.JSONEncoder(ensure_ascii=False).encode
CUT = "…"
"""Stands where a message was shortened, perhaps in the middle of a secret."""


@dataclass(frozen=True, slots=True, repr=False)
class _Known:
    """Everything that is looked for; replaced as a whole, so that threads may look while another one adds.

    One plain search for each form is many times faster than one regular expression with all of them.
    """

    values: frozenset[str] = frozenset()
    forms: tuple[Form, ...] = ()
    written: tuple[str, ...] = ()
    written_in_bytes: tuple[bytes, ...] = ()
    shortest: int = 0
    has_digits: bool = False
    """Whether one of them may stand in JSON as a number."""

    def and_also(self, secrets: Mapping[str, str]) -> Self:
        """These and more, by value; a form that two values share tells the name of the first."""
        forms = {(form.written, form.expression): form for form in self.forms}
        for value in sorted(secrets.keys() - self.values, key=len, reverse=True):
            for form in forms_of(value, secrets[value]):
                forms.setdefault((form.written, form.expression), form)
        written, values = tuple(form.written for form in forms.values()), self.values | secrets.keys()
        return type(self)(
            values, tuple(forms.values()), written,
            tuple(text.encode("utf-8", "surrogatepass") for text in written), min(map(len, values), default=0),
            has_digits=any(value.isdigit() for value in values),
        )  # fmt: skip

    def in_text(self, text: str) -> list[Form]:
        """The forms that a text may hold."""
        return [self.forms[index] for index, written in enumerate(self.written) if written in text]


class Redactor:
    """Replaces every known secret value by its reference; may be used and told more by several threads at once."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._known = _Known()
        self._learning = threading.Lock()
        self.learn(secrets)

    @classmethod
    def of_environment(cls, project: Path, names: Iterable[str] = ()) -> Self:
        """Knows all of `.env` and the environment whose names look secret, the passwords in URLs, and `names`."""
        wanted = frozenset(names)
        redactor = cls({})
        for values in (dotenv_values(project / ".env"), os.environ):
            given = {name: value for name, value in values.items() if value}
            hidden = {name: value for name, value in given.items() if name in wanted or SECRET_NAME.search(name)}
            redactor.learn({**dict(_passwords(given)), **dict(_parts(hidden)), **hidden})
        return redactor

    def learn(self, secrets: Mapping[str, str]) -> None:
        """Know these secrets too from now on, and go on knowing the others."""
        new = {value: name for name, value in secrets.items() if len(value) >= SHORTEST_SECRET}
        if new.keys() <= self._known.values:
            return
        with self._learning:
            self._known = self._known.and_also(new)

    def text(self, text: str) -> str:
        """The text with each secret value as `${secret:NAME}`; of secrets that overlap nothing remains."""
        known = self._known
        if len(text) < known.shortest and CUT not in text:
            return text
        found = known.in_text(text)
        return _replaced(text, found, known.forms) if found or CUT in text else text

    def is_in_json(self, text: str) -> bool:
        """Whether JSON text holds a secret value, as it is or as JSON escapes it."""
        return any(form.is_in(text) for form in self._known.in_text(text))

    def is_in_bytes(self, content: bytes) -> bool:
        """Whether the bytes hold a secret value in UTF-8."""
        known = self._known
        found = (index for index, written in enumerate(known.written_in_bytes) if written in content)
        return any(known.forms[index].is_in_bytes(content) for index in found)

    def value(self, value: Any) -> Any:
        """A JSON value with every text in it, keys too, redacted, and numbers that are the value of a secret.

        Most values are clean: their JSON is searched once, which is many times faster than taking them apart.
        """
        return (
            value if isinstance(value, Mapping | list | tuple) and self._is_clean(value) else self._taken_apart(value)
        )

    def _is_clean(self, value: Any) -> bool:
        try:
            text = _as_json(value)
        except (TypeError, ValueError, RecursionError):
            return False
        return CUT not in text and not self.is_in_json(text)

    def _taken_apart(self, value: Any) -> Any:
        match value:
            case str():
                return self.text(value)
            case None | bool() | float():
                return value
            case int():
                return self._number(value)
            case Mapping():
                return {self._taken_apart(key): self._taken_apart(item) for key, item in value.items()}
            case list() | tuple():
                return [self._taken_apart(item) for item in value]
            case _:
                return value

    def _number(self, value: int) -> Any:
        if not self._known.has_digits:
            return value
        text = str(value)
        told = self.text(text)
        return value if told == text else told


def _replaced(text: str, found: Iterable[Form], known: Iterable[Form]) -> str:
    """The text with references where the forms that are found in it stand; what overlaps becomes one."""
    spans = [(start, end, form.name) for form in found for start, end in form.spans(text)]
    spans += _cut_off(text, known) if CUT in text else ()
    parts, shown = [], 0
    for start, end, name in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start >= shown:
            parts += [text[shown:start], f"${{secret:{name}}}"]
        shown = max(shown, end)
    return "".join([*parts, text[shown:]])


def _cut_off(text: str, known: Iterable[Form]) -> Iterator[tuple[int, int, str]]:
    """Beginnings of secrets at the places where somebody has shortened the text."""
    begun = [form for form in known if form.written[:SHORTEST_BEGINNING] in text]
    end = text.find(CUT) if begun else -1
    while end >= 0:
        for form in begun:
            if length := form.length_of_beginning(text, end):
                yield end - length, end, form.name
        end = text.find(CUT, end + 1)


def _parts(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in LISTS & values.keys():
        for number, part in enumerate(values[name].split(","), start=1):
            yield f"{name}_{number}", part.strip()


def _passwords(values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The password in each value that is a URL, also decoded; one that is just the user's name again is no secret."""
    for name, value in values.items():
        if (match := URL_PASSWORD.match(value)) and match["password"] != match["user"]:
            yield f"{name}_PASSWORD", match["password"]
            if (decoded := unquote(match["password"])) != match["password"]:
                yield f"{name}_PASSWORD_DECODED", decoded
