"""Values of secrets in texts and JSON become references again, also in the forms that programs give them."""

import base64
import html
import json
import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, quote_plus, unquote

from dotenv import dotenv_values

from brain.config_secrets.references import SECRET_NAME

__all__ = ["SHORTEST_SECRET", "Redactor"]

SHORTEST_SECRET = 6
"""Characters; a shorter value is not redacted, because it would be found in ordinary words."""
SHORTEST_BEGINNING = 8
"""Characters of a secret that are redacted where a text was shortened behind them."""
URL_PASSWORD = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?P<user>[^:/@?#]*):(?P<password>[^@?#]+)@")
LISTS = frozenset({"BRAIN_SECRETS_KEY"})
"""Variables that hold several secrets, separated by commas."""
SAFE_IN_URLS = ("", "/", "!$&'()*+,;=:@/?")
"""What programs leave as it is where they escape a part of a URL: everything, a path, a query (RFC 3986, 3.4)."""
ESCAPED_BYTE = re.compile(r"%[0-9A-F]{2}")
BASE64_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")
CUT = "…"
"""Stands where a message was shortened, perhaps in the middle of a secret."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A way in which the value of a secret is written."""

    written: str
    name: str
    is_base64: bool = False
    """Then the letters beside it hold a few bits of it as well."""


@dataclass(frozen=True, slots=True)
class _Known:
    """Everything that is looked for; replaced as a whole, so that threads may look while another one adds.

    One search for each form is many times faster than one regular expression with all of them.
    """

    values: Mapping[str, str]
    """Value to name."""
    forms: tuple[_Form, ...]
    written: tuple[str, ...]
    in_json: tuple[str, ...]
    in_bytes: tuple[bytes, ...]
    shortest: int
    has_digits: bool
    """Whether one of them may stand in JSON as a number."""

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Self:
        """All forms of all values; where two write the same, the longer value names it."""
        forms: dict[str, _Form] = {}
        for value in sorted(values, key=len, reverse=True):
            for form in _forms(value, values[value]):
                forms.setdefault(form.written, form)
        written = tuple(forms)
        return cls(
            values, tuple(forms.values()), written, tuple(dict.fromkeys((*written, *map(_in_json, written)))),
            tuple(text.encode("utf-8", "surrogatepass") for text in written), min(map(len, written), default=0),
            has_digits=any(value.isdigit() for value in values),
        )  # fmt: skip


class Redactor:
    """Replaces every known secret value by its reference; may be used and told more by several threads at once."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._known = _Known.of({})
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
        with self._learning:
            known = self._known.values
            new = {value: name for name, value in secrets.items() if len(value) >= SHORTEST_SECRET}
            if new.keys() - known.keys():
                self._known = _Known.of({**new, **known})

    def text(self, text: str) -> str:
        """The text with each secret value as `${secret:NAME}`; of secrets that overlap nothing remains."""
        known = self._known
        if len(text) < known.shortest and CUT not in text:
            return text
        found = [index for index, written in enumerate(known.written) if written in text]
        if not found and CUT not in text:
            return text
        return _replaced(text, [known.forms[index] for index in found], known.forms)

    def is_in_json(self, text: str) -> bool:
        """Whether JSON text (non-ASCII letters unescaped) holds a secret value, as it is or as JSON escapes it."""
        return any(written in text for written in self._known.in_json)

    def is_in_bytes(self, content: bytes) -> bool:
        """Whether the bytes hold a secret value in UTF-8."""
        return any(written in content for written in self._known.in_bytes)

    def value(self, value: Any) -> Any:
        """A JSON value with every text in it, keys too, redacted, and numbers that are the value of a secret."""
        match value:
            case str():
                return self.text(value)
            case None | bool() | float():
                return value
            case int():
                return self._number(value)
            case Mapping():
                return {self.value(key): self.value(item) for key, item in value.items()}
            case list() | tuple():
                return [self.value(item) for item in value]
            case _:
                return value

    def _number(self, value: int) -> Any:
        if not self._known.has_digits:
            return value
        text = str(value)
        told = self.text(text)
        return value if told == text else told


def _replaced(text: str, found: list[_Form], known: Iterable[_Form]) -> str:
    """The text with references where the forms that are found in it stand; what overlaps becomes one."""
    spans = sorted([*_spans(text, found), *_cut_off(text, known)], key=lambda span: (span[0], -span[1]))
    parts, shown = [], 0
    for start, end, name in spans:
        if start >= shown:
            parts += [text[shown:start], f"${{secret:{name}}}"]
        shown = max(shown, end)
    return "".join([*parts, text[shown:]])


def _spans(text: str, found: Iterable[_Form]) -> Iterator[tuple[int, int, str]]:
    for form in found:
        start = text.find(form.written)
        while start >= 0:
            end = start + len(form.written)
            before = form.is_base64 and text[max(start - 1, 0) : start] in BASE64_LETTERS
            behind = form.is_base64 and text[end : end + 1] in BASE64_LETTERS
            yield start - before, end + behind, form.name
            start = text.find(form.written, start + 1)


def _cut_off(text: str, known: Iterable[_Form]) -> Iterator[tuple[int, int, str]]:
    """Beginnings of secrets at the places where somebody has shortened the text."""
    begun = [form for form in known if form.written[:SHORTEST_BEGINNING] in text] if CUT in text else []
    end = text.find(CUT) if begun else -1
    while end >= 0:
        for form in begun:
            if length := _length_of_beginning(form.written, text, end):
                yield end - length, end, form.name
        end = text.find(CUT, end + 1)


def _length_of_beginning(written: str, text: str, end: int) -> int:
    """How many of the first characters of a form stand before a place in the text; 0 where they are few."""
    lengths = range(min(len(written) - 1, end), SHORTEST_BEGINNING - 1, -1)
    return next((length for length in lengths if text.endswith(written[:length], 0, end)), 0)


def _forms(value: str, name: str) -> Iterator[_Form]:
    """How programs write a value: as it is, escaped for JSON, Python, HTML or URLs, and in base64."""
    yield _Form(value, name)
    in_json = (_in_json(value), json.dumps(value)[1:-1])
    with_slashes = (written.replace("/", "\\/") for written in in_json)  # as PHP does
    for written in (*in_json, *with_slashes, *map(_in_json, in_json), repr(value)[1:-1]):
        yield _Form(written, name)
    yield from (_Form(html.escape(value, quote=quotes), name) for quotes in (True, False))
    for written in (
        *(quote(value, safe, errors="replace") for safe in SAFE_IN_URLS),
        quote_plus(value, errors="replace"),
    ):
        yield _Form(written, name)
        yield _Form(ESCAPED_BYTE.sub(lambda byte: byte[0].lower(), written), name)
    for written in _in_base64(value.encode("utf-8", "surrogatepass")):
        yield _Form(written, name, is_base64=True)


def _in_base64(value: bytes) -> Iterator[str]:
    """The letters that the value alone decides, wherever in a longer text it stands (`user:value`)."""
    for before in range(3):
        letters = base64.b64encode(bytes(before) + value)
        first, behind = -(-8 * before // 6), 8 * (before + len(value)) // 6
        core = letters[first:behind].decode()
        yield core
        yield core.translate(str.maketrans("+/", "-_"))


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


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
