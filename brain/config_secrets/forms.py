"""How programs write the value of a secret: as it is, escaped for JSON, Python, HTML or URLs, and in base64."""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote_plus

__all__ = ["SHORTEST_BEGINNING", "Form", "forms_of"]

SHORTEST_BEGINNING = 8
"""Characters of a secret that are redacted where a text was shortened behind them."""
MOST_ESCAPES = 256
"""A value with more characters that programs escape is looked for in the commonest escapes only."""
PLAIN = re.compile("[A-Za-z0-9]*")
"""What nobody escapes."""
BASE64_LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")
BACKSLASH = r"(?i:\\|%(?:25)*5c|&(?:amp;)*#(?:92|x5c);)"
BEHIND_BACKSLASH = {"\n": "n", "\r": "r", "\t": "t"}
ENTITIES = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}


@dataclass(frozen=True, slots=True, repr=False)
class Form:
    """One way to write one value."""

    name: str
    """Of the secret."""
    written: str
    """What a text must hold for the form to be in it; without an `expression`, that is all."""
    expression: str = ""
    """A regular expression, compiled by `re` when a text first holds `written`."""
    is_base64: bool = False
    """Then the letters beside it hold a few bits of the value as well."""

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where the form stands in a text, overlapping or not."""
        if self.expression:
            yield from (match.span() for match in re.finditer(self.expression, text))
            return
        start = text.find(self.written)
        while start >= 0:
            end = start + len(self.written)
            before = self.is_base64 and text[max(start - 1, 0) : start] in BASE64_LETTERS
            behind = self.is_base64 and text[end : end + 1] in BASE64_LETTERS
            yield start - before, end + behind
            start = text.find(self.written, start + 1)

    def is_in(self, text: str) -> bool:
        """Whether a text that holds `written` holds the form."""
        return not self.expression or re.search(self.expression, text) is not None

    def is_in_bytes(self, content: bytes) -> bool:
        """The same for UTF-8."""
        return not self.expression or re.search(self.expression.encode("utf-8", "surrogatepass"), content) is not None

    def length_of_beginning(self, text: str, end: int) -> int:
        """How many of the first characters stand before a place in the text; 0 where they are few."""
        if self.expression:
            return 0
        lengths = range(min(len(self.written) - 1, end), SHORTEST_BEGINNING - 1, -1)
        return next((length for length in lengths if text.endswith(self.written[:length], 0, end)), 0)


def forms_of(value: str, name: str) -> Iterator[Form]:
    """All forms of a value; some may be written the same."""
    for written in (value, _in_json(value), json.dumps(value)[1:-1], quote_plus(value, errors="replace")):
        yield Form(name, written)
    pieces = _pieces(value)
    if 0 < sum(not PLAIN.fullmatch(piece) for piece in pieces) <= MOST_ESCAPES:
        yield Form(name, max(PLAIN.findall(value), key=len), "".join(map(_escaped, pieces)))
    for written in _in_base64(value.encode("utf-8", "surrogatepass")):
        yield Form(name, written, is_base64=True)


def _pieces(value: str) -> list[str]:
    """Backslashes that stand together are one piece: written in JSON nobody can tell where one ends."""
    return re.findall(r"\\+|[A-Za-z0-9]+|.", value, re.DOTALL)


def _escaped(piece: str) -> str:
    """A regular expression for a character as any program might write it, escaped once or several times over."""
    if PLAIN.fullmatch(piece):
        return piece
    if piece.startswith("\\"):
        return f"{BACKSLASH}{{{len(piece)},}}"
    return f"(?:{BACKSLASH}*(?:(?i:{'|'.join(_itself(piece))})|{re.escape(piece)})|{BACKSLASH}+(?i:{_by_code(piece)}))"


def _itself(character: str) -> Iterator[str]:
    """The character in URLs and HTML, there perhaps behind backslashes of an inner language."""
    yield "".join(f"%(?:25)*{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    yield f"&(?:amp;)*#(?:{ord(character)}|x{ord(character):x});"
    if character in ENTITIES:
        yield f"&(?:amp;)*{ENTITIES[character]};"
    if character == " ":
        yield r"\+"


def _by_code(character: str) -> str:
    """What stands behind a backslash for the character, in JSON and Python, also where Python shows bytes."""
    code, encoded = ord(character), character.encode("utf-8", "surrogatepass")
    ways = [f"x{code:02x}", f"U{code:08x}", f"{BACKSLASH}+".join(f"u{unit}" for unit in _utf16(character))]
    ways.append(f"{BACKSLASH}+".join(f"x{byte:02x}" for byte in encoded))
    return "|".join([*ways, *BEHIND_BACKSLASH.get(character, "")])


def _utf16(character: str) -> Iterator[str]:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return (units[start : start + 4] for start in range(0, len(units), 4))


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
