"""Answers from documents alone, each statement with a quote that stands in the document it names."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from brain.errors import ToolError
from brain.runs import Json
from brain.tool_registry.context import ToolContext
from brain.tool_registry.definitions import JsonSchema
from brain.tools.text_asking import Task, answer_tokens
from brain.tools.text_grounding import Original
from brain.tools.text_passages import Excerpt, excerpts
from brain.tools.text_words import is_same_language, terms
from brain.untrusted import readable

__all__ = ["answer"]

MOST_ANSWER_TOKENS = 2000
STATEMENT_TOKENS = 200
"""Of the longest quote and statement."""
LONGEST = 400
"""Characters of a statement and of a quote."""
LONGEST_TITLE = 120
FIELDS = ("document", "quote", "statement")
"""Of a statement, in the order in which a model writes them: first what it rests on."""
BACKED = 0.5
"""Share of the words that a statement adds to the question which its document must hold."""
OWN_CITATION = re.compile(r"\s*\[\s*\d+(?:\s*,\s*\d+)*\s*\]")
ROLE = (
    "You answer a question from documents alone, never from what you know. Give statements; for each the number of the "
    "document that says so, the passage copied from it word for word, and then a sentence that follows from it for the "
    "question. Answer in the language of the question. If the documents do not say, give no statements."
)

type Document = str | Mapping[str, str]
"""A text, or `text` with a `title` and a `url`."""


async def answer(question: str, documents: list[Document], *, context: ToolContext) -> dict[str, Any]:
    """What the documents say about the question, with citations; null and the reason where they do not say."""
    sources = [_Source.of(document) for document in documents]
    if not any(source.text for source in sources):
        raise ToolError("There is no text in the documents: the step before gave empty ones.")
    tokens = answer_tokens(context, MOST_ANSWER_TOKENS)
    most = max(1, tokens // STATEMENT_TOKENS)
    task = _task(question, len(sources), tokens, most)
    read, unread = excerpts([source.text for source in sources], question, task.room(context))
    shown = ((f"document {each.document + 1}", sources[each.document].headed(each.text)) for each in read)
    given = (await task.fields(context, *shown))["statements"]
    backed = list(_backed(given, question, read, sources))
    statements = list(dict.fromkeys(backed))
    return {
        "answer": " ".join(f"{each.text} [{each.document + 1}]" for each in statements) or None,
        "citations": [each.cited(sources[each.document]) for each in statements],
        "reason": None if statements else _reason(given),
        "notes": list(_notes(len(given) - len(backed), unread, is_full=len(given) >= most)),
    }


@dataclass(frozen=True, slots=True)
class _Source:
    """A document as it was given."""

    text: str
    title: str | None = None
    url: str | None = None

    @classmethod
    def of(cls, document: Document) -> "_Source":
        if isinstance(document, str):
            return cls(readable(document).strip())
        return cls(readable(document["text"]).strip(), document.get("title"), document.get("url"))

    def headed(self, text: str) -> str:
        """Text of it under its title, which may say what it is about."""
        return f"Title: {readable(self.title)[:LONGEST_TITLE]}\n\n{text}" if self.title else text


@dataclass(frozen=True, slots=True)
class _Statement:
    text: str
    document: int
    quote: str

    def cited(self, source: _Source) -> dict[str, Json]:
        """Its citation."""
        return {"document": self.document + 1, "title": source.title, "url": source.url, "quote": self.quote}


def _task(question: str, documents: int, tokens: int, most: int) -> Task:
    text = {"type": "string", "maxLength": LONGEST}
    number = {"type": "integer", "minimum": 1, "maximum": documents}
    fields = dict(zip(FIELDS, (number, text, text), strict=True))
    one = {"type": "object", "properties": fields, "required": list(FIELDS), "additionalProperties": False}
    schema: JsonSchema = {
        "type": "object",
        "properties": {"statements": {"type": "array", "items": one, "maxItems": most}},
        "required": ["statements"],
        "additionalProperties": False,
    }
    return Task(ROLE, f"Question: {question}", tokens, schema)


def _backed(
    given: Sequence[Json], question: str, read: Sequence[Excerpt], sources: Sequence[_Source]
) -> Iterator[_Statement]:
    """The statements whose quotes stand in a document, the one that they name first, and which follow from it."""
    runs = {each.document: [Original(run) for run in each.runs] for each in read}
    texts = {each.document: sources[each.document].headed(each.text) for each in read}
    for named, said, statement in _readable(given):
        for document in sorted(runs, key=lambda document: document != named):
            quote = next(filter(None, (run.quote(said) for run in runs[document])), None)
            if quote and _may_follow(statement, question, quote, texts[document]):
                yield _Statement(statement, document, quote)
                break


def _readable(given: Sequence[Json]) -> Iterator[tuple[Json, str, str]]:
    """The document, the quote and the statement, of those that have them."""
    for each in given:
        fields = each if isinstance(each, Mapping) else {}
        number, quote, statement = (fields.get(name) for name in FIELDS)
        if isinstance(number, int) and isinstance(quote, str) and isinstance(statement, str):
            text = OWN_CITATION.sub("", " ".join(readable(statement).split()))
            if text:
                yield number - 1, readable(quote), text


def _may_follow(statement: str, question: str, quote: str, text: str) -> bool:
    """Whether the document holds the statement's numbers, and half of the words that the question does not.

    And the quote one of them. A coarse sieve, for what a model knows from elsewhere: whether a statement follows from a
    quote it cannot tell. In another language than the document's it sees numbers only.
    """
    if Original(f"{text}\n{question}").strange_numbers(statement):
        return False
    said, new = set(terms(statement)), set(terms(statement)) - set(terms(question))
    if not said or not is_same_language(statement, text):
        return True
    return bool(said & set(terms(quote))) and len(new & set(terms(text))) >= BACKED * len(new)


def _reason(given: Sequence[Json]) -> str:
    if not given:
        return "The documents do not say."
    return "Nothing that the model said is backed by the documents: quotes that stand in none, or words of its own."


def _notes(left_out: int, unread: int, *, is_full: bool) -> Iterator[str]:
    """What a reader of the answer should know."""
    if left_out:
        yield f"Statements that the documents do not back were left out: {left_out}."
    if is_full:
        yield "There may be more to say: the model gave as many statements as one answer has room for."
    if unread:
        yield f"Only the passages nearest to the question were read, because all do not fit; left out: {unread}."
