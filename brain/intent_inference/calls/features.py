"""What the ranker looks at: facts about a candidate for an argument, as named features with values."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from brain.intent_inference.calls.arguments import Argument, Kind, series
from brain.intent_inference.calls.candidates import Candidate, Offer
from brain.intent_inference.calls.figures import time_unit
from brain.intent_inference.calls.meaning import Meaning
from brain.intent_inference.calls.reading import FUNCTION_WORDS, Reading, split_name
from brain.intent_inference.inflection import root
from brain.runs import Json

__all__ = ["Scene", "State"]

ARTICLES = frozenset({"the", "a", "an", "my", "our", "its", "his", "her", "their", "this"})
NEGATIONS = frozenset({"no", "not", "without", "don't", "never", "exclude", "excluding", "except", "skip", "omit", "doesn't", "ignore", "neither", "nor"})
FROM_WORDS = frozenset("from source origin start initial begin departure base sender".split())
TO_WORDS = frozenset("to target destination end final arrival receiver recipient".split())
MONEY = frozenset(root(word) for word in "price amount cost salary income payment budget principal investment loan value revenue money dollars usd fee deposit balance capital profit debt".split())
RATE = frozenset(root(word) for word in "rate percent percentage interest yield growth probability tax discount inflation share efficiency concentration return margin fraction ratio level".split())
YEAR_FIRST, YEAR_LAST = 1000, 2100
NEAR = 3
JOINTS = frozenset({",", "and", "or", "the", "a", "an", "&", ";", "then", "another", "also", "with", "in", "of", "for", "to", "(", ")"})


def _roots(words: str) -> frozenset[str]:
    return frozenset(root(word) for word in words.split())


KIND_ROOTS = {
    "mail": _roots("mail email recipient sender"), "url": _roots("url link website address page uri endpoint site"),
    "path": _roots("path file folder directory filename document"), "host": _roots("host ip domain address server website url site"),
    "code": _roots("id identifier code number serial reference key sku docket ticket order version model formula compound flight room zip isbn patent"),
    "number": _roots("id identifier code number year season zip phone account ticket isbn postal version"), "date": _roots("date day"), "time": _roots("time hour"),
    "ordinal": _roots("rank place floor edition century"),
}  # fmt: skip
PLACE_ROOTS = _roots("location city place origin destination address venue region area town source start end departure arrival country state")
ADDRESS_ROOTS = _roots("address street location")
NAME_LINKS = frozenset({"of", "the", "de", "la", "and", "&", "for", "in", "von", "van"})
ENDINGS = ("ed", "ing", "ly", "ness", "tion", "ity", "ment", "er", "al", "ic", "ive", "ous", "es", "s", "e", "y")


@dataclass(frozen=True, slots=True)
class State:
    """The arguments that are filled already."""

    chosen: tuple[tuple[int, Candidate], ...] = ()
    """Position of the argument and what it was given."""
    def with_choice(self, position: int, candidate: Candidate) -> "State":
        """One more."""
        return State((*self.chosen, (position, candidate)))


class Scene:
    """One request beside one tool: everything that features are computed from, each part once."""

    def __init__(self, offer: Offer, tool_name: str, tool_description: str, arguments: Sequence[Argument], meaning: Meaning) -> None:
        self.offer = offer
        self.reading: Reading = offer.reading
        self.arguments = arguments
        self._meaning = meaning
        self._tool_roots = frozenset(root(word) for word in split_name(tool_name)) | frozenset(
            root(word) for word in split_name(tool_description) if word not in FUNCTION_WORDS
        )
        self.roots = [root(token.lower) for token in self.reading.tokens]
        self.lowers = [token.lower for token in self.reading.tokens]
        self._before = list(series(arguments))
        self._argument_vectors = meaning.of([argument.text for argument in arguments])
        self._name_vectors = meaning.of([" ".join(argument.words) for argument in arguments])
        self._similar: dict[str, np.ndarray] = {}
        self._nearest = self._word_similarities()
        self._candidates = [offer.of(argument) for argument in arguments]
        self._learn()
        self._static: dict[tuple[int, int], dict[str, float]] = {}

    def candidates(self, position: int) -> list[Candidate]:
        """What the request offers for an argument."""
        return self._candidates[position]

    def _learn(self) -> None:
        """Embed every phrase and every context at once."""
        texts: set[str] = set()
        for argument, candidates in zip(self.arguments, self._candidates, strict=True):
            for candidate in candidates:
                if candidate.first >= 0:
                    texts.add(self._left(candidate.first))
                    texts.add(self._right(candidate.last))
                    texts.add(self.reading.quote(candidate.first, candidate.last))
        ordered = sorted(texts)
        vectors = self._meaning.of(ordered)
        both = np.concatenate([self._argument_vectors, self._name_vectors]).T if len(self.arguments) else np.zeros((256, 0))
        table = vectors @ both
        self._similar = dict(zip(ordered, table, strict=True))

    def _word_similarities(self) -> np.ndarray:
        """Of each token with each argument: the most that it is like a word of its name or description."""
        tokens = self._meaning.of([token.text for token in self.reading.tokens])
        table = np.zeros((len(self.reading.tokens), len(self.arguments)))
        for position, argument in enumerate(self.arguments):
            words = [*argument.words, *(word for word in argument.description.lower().replace(".", " ").replace(",", " ").split() if word not in FUNCTION_WORDS)]
            table[:, position] = (tokens @ self._meaning.of(list(dict.fromkeys(words))).T).max(axis=1) if words else 0.0
        return table

    def _word_fit(self, at: int, position: int) -> tuple[float, float]:
        """How near a content word is to an argument, and by how much more than to any other."""
        if not 0 <= at < len(self.reading.tokens) or not self.reading.tokens[at].is_word or self.reading.tokens[at].is_function_word:
            return 0.0, 0.0
        row = self._nearest[at]
        others = np.delete(row, position)
        return float(row[position]), float(row[position] - others.max()) if len(others) else 0.0

    def similarity(self, text: str, position: int) -> tuple[float, float]:
        """Of a text with an argument, and by how much more than with any other argument."""
        row = self._similar[text]
        count = len(self.arguments)
        mixed = np.maximum(row[:count], row[count:])
        own = float(mixed[position])
        others = [float(mixed[at]) for at in range(count) if at != position]
        return own, own - max(others, default=0.0)

    # contexts

    def _left(self, first: int) -> str:
        words = [
            token.text
            for token in self.reading.tokens[max(0, first - 5) : first]
            if token.is_word and not token.is_function_word
        ]
        return " ".join(words[-NEAR:])

    def _right(self, last: int) -> str:
        words = [token.text for token in self.reading.tokens[last : last + 4] if token.is_word and not token.is_function_word]
        return " ".join(words[:2])

    # features

    def alone(self, position: int, number: int) -> dict[str, float]:
        """Facts about candidate `number` for the argument at `position`, whatever the others are given."""
        key = (position, number)
        if key not in self._static:
            group = self._group(position)
            self._static[key] = {f"{group}:{name}": value for name, value in self._facts(position, self._candidates[position][number])}
        return self._static[key]

    def beside(self, position: int, number: int, state: State) -> dict[str, float]:
        """Facts about it beside what the arguments before it were given."""
        group = self._group(position)
        return {f"{group}:{name}": value for name, value in self._joint(position, self._candidates[position][number], state)}

    def _group(self, position: int) -> str:
        argument = self.arguments[position]
        kind = {Kind.INTEGER: "number", Kind.NUMBER: "number"}.get(argument.kind, str(argument.kind))
        return f"{kind}s" if argument.is_list else kind

    def _facts(self, position: int, candidate: Candidate) -> Iterator[tuple[str, float]]:
        argument = self.arguments[position]
        if candidate.is_absent:
            yield from self._of_absence(position)
            return
        yield "any", 1.0
        yield f"rule={_rule(candidate.rule)}", 1.0
        if argument.has_default and candidate.value == argument.default:
            yield "is default", 1.0
        if candidate.first < 0:
            yield from self._of_unplaced(position, candidate)
            return
        yield from self._of_place(position, candidate)
        match argument.kind:
            case Kind.INTEGER | Kind.NUMBER:
                if argument.is_list:
                    yield from self._of_list(position, candidate)
                else:
                    yield from self._of_number(position, candidate)
            case Kind.BOOLEAN:
                yield from self._of_boolean(position, candidate)
            case Kind.OPTION:
                yield from self._of_text(position, candidate)
                yield from self._of_option(position, candidate)
            case _:
                yield from self._of_text(position, candidate)
                if argument.is_list:
                    yield from self._of_list(position, candidate)

    def _of_absence(self, position: int) -> Iterator[tuple[str, float]]:
        argument = self.arguments[position]
        state = "required" if argument.is_required else "optional"
        yield f"absent {state}", 1.0
        if argument.has_default:
            yield f"absent {state} default", 1.0
        candidates = self._candidates[position]
        if len(candidates) == 1:
            yield "absent nothing offered", 1.0
        best = max((self._near_name(position, each) for each in candidates if each.first >= 0), default=0.0)
        yield f"absent near {state}", best
        if argument.kind in (Kind.TEXT, Kind.OPTION, Kind.BOOLEAN):
            similar = [self.similarity(self.reading.quote(each.first, each.last), position)[0] for each in candidates if each.first >= 0]
            yield f"absent similar {state}", max(similar, default=0.0)
        said = bool((argument.roots - {root("name"), root("type"), root("number")}) & set(self.roots))
        yield f"absent name {'said' if said else 'unsaid'} {state}", 1.0

    def _near_name(self, position: int, candidate: Candidate) -> float:
        argument = self.arguments[position]
        around = set(self.roots[max(0, candidate.first - NEAR) : candidate.last + NEAR])
        return float(bool(argument.roots & around)) + 0.5 * float(bool(argument.described & around))

    def _of_unplaced(self, position: int, candidate: Candidate) -> Iterator[tuple[str, float]]:
        argument = self.arguments[position]
        if argument.kind is Kind.OPTION:
            own, margin, beside = self._option_fit(position, str(candidate.value[0] if isinstance(candidate.value, list) else candidate.value))
            yield "meant fit", own
            yield "meant margin", margin
            yield f"meant best={margin >= 0}", 1.0
            yield "meant fit required" if argument.is_required else "meant fit optional", own
            yield "meant beside", beside
        if argument.kind is Kind.BOOLEAN:
            value = bool(candidate.value)
            similar = self._boolean_fit(position)
            yield f"implied {value}", 1.0
            yield f"implied {value} {'required' if argument.is_required else 'optional'}", 1.0
            yield f"implied {value} default={argument.default if argument.has_default else None}", 1.0
            yield f"implied {value} fit", similar
            said = len((argument.roots - self._tool_roots) & set(self.roots))
            yield f"implied {value} said", min(said, 2)
            told = len((argument.described - self._tool_roots) & set(self.roots))
            yield f"implied {value} told", min(told, 3) / 3
            negated = any(word in NEGATIONS or word.endswith("-free") for word in self.lowers)
            yield f"implied {value} negated={negated}", 1.0

    @cached_property
    def _content(self) -> list[str]:
        """Single content words and pairs of neighbours."""
        words = [token.text for token in self.reading.tokens if token.is_word and not token.is_function_word]
        return [*words, *(" ".join(pair) for pair in zip(words, words[1:], strict=False))]

    @cached_property
    def _content_vectors(self) -> np.ndarray:
        return self._meaning.of(self._content)

    def _option_fit(self, position: int, option: str) -> tuple[float, float, float]:
        fits = self._option_fits.setdefault(position, self._fits_of(position))
        own = fits.get(option, 0.0)
        return own, own - max((fit for other, fit in fits.items() if other != option), default=0.0), sum(other > own for other in fits.values()) / max(len(fits), 1)

    @cached_property
    def _option_fits(self) -> dict[int, dict[str, float]]:
        return {}

    def _fits_of(self, position: int) -> dict[str, float]:
        options = [str(option) for option in self.arguments[position].options]
        if not self._content or not options:
            return {}
        table = self._meaning.of([" ".join(split_name(option)) or option for option in options]) @ self._content_vectors.T
        return {option: float(row.max()) for option, row in zip(options, table, strict=True)}

    def _boolean_fit(self, position: int) -> float:
        if not self._content:
            return 0.0
        return float((self._content_vectors @ self._name_vectors[position]).max())

    def _of_place(self, position: int, candidate: Candidate) -> Iterator[tuple[str, float]]:
        """What stands around it."""
        argument, first, last = self.arguments[position], candidate.first, candidate.last
        roots, lowers = self.roots, self.lowers
        left, right = self._word(first - 1), self._word(last)
        yield f"left={left}", 1.0
        yield f"right={right}", 1.0
        if left == "content":
            yield f"left word {lowers[first - 1]}", 1.0
        if right == "content":
            yield f"right word {lowers[last]}", 1.0
        if left in ARTICLES:
            yield f"left2={self._word(first - 2)}", 1.0
        begin, end = self._name_around(first, last)
        yield from self._overlaps("left", argument, roots[max(0, begin - NEAR) : begin][::-1])
        yield from self._overlaps("right", argument, roots[end : end + NEAR])
        own, margin = self.similarity(self._left(first), position)
        yield "left similar", own
        yield "left margin", margin
        own, margin = self.similarity(self._right(last), position)
        yield "right similar", own
        yield "right margin", margin
        for side, at in (("left", begin - 1), ("left2", begin - 2), ("right", end)):
            own, margin = self._word_fit(at, position)
            if own:
                yield f"{side} word fit", own
                yield f"{side} word margin", margin
        if first >= 2 and lowers[first - 1] in ("=", ":", "is", "as") and roots[first - 2] in argument.roots:
            yield "assigned", 1.0
        if first >= 2 and lowers[first - 1] == "=" and lowers[first - 2] == argument.name.lower():
            yield "assigned by name", 1.0
        words = set(argument.words) | set(argument.description.lower().split()[:6])
        before = next((lowers[at] for at in range(first - 1, max(first - 4, -1), -1) if lowers[at] not in ARTICLES), "")
        if words & FROM_WORDS or words & TO_WORDS:
            role = "from" if set(argument.words) & FROM_WORDS else "to" if set(argument.words) & TO_WORDS else "both"
            if before in ("from", "to", "into", "and", "between", "in", "at"):
                yield f"role {role} after {before}", 1.0
        if before in argument.words:
            yield "preposition is name", 1.0

    def _overlaps(self, side: str, argument: Argument, near: Sequence[str]) -> Iterator[tuple[str, float]]:
        for distance, word in enumerate(near):
            if word in argument.roots:
                yield f"{side} name {distance}", 1.0
                shared = sum(word in other.roots for other in self.arguments)
                yield f"{side} name alone" if shared == 1 else f"{side} name shared", 1.0
                break
            if any(word in other.roots for other in self.arguments if other is not argument) and word not in argument.described:
                yield f"{side} other name {distance}", 1.0
        for distance, word in enumerate(near):
            if word in argument.described:
                shared = sum(word in other.described or word in other.roots for other in self.arguments)
                yield f"{side} told {distance}", 1.0
                yield f"{side} told {'alone' if shared == 1 else 'shared'}", 1.0
                break

    def _name_around(self, first: int, last: int) -> tuple[int, int]:
        """The range, widened to the whole of a name that it begins or ends in."""
        tokens = self.reading.tokens
        if self.reading.capitals >= 0.6:  # noqa: PLR2004 - else capitals say nothing
            return first, last
        while first > 0 and tokens[first].is_capital and tokens[first - 1].is_capital and first - 1 not in self.reading.sentence_starts:
            first -= 1
        while last < len(tokens) and tokens[last].is_capital and tokens[last - 1].is_capital:
            last += 1
        return first, last

    def _word(self, at: int) -> str:
        """A function word or mark as it is, of others only the kind."""
        if not 0 <= at < len(self.lowers):
            return "edge"
        token = self.reading.tokens[at]
        if token.kind == "mark" or token.is_function_word:
            return token.lower
        if token.kind != "word":
            return token.kind
        if at in self.reading.sentence_starts:
            return "opening"
        return "capital" if token.is_capital else "content"

    def _of_number(self, position: int, candidate: Candidate) -> Iterator[tuple[str, float]]:
        argument, value = self.arguments[position], candidate.value
        token = self.reading.tokens[candidate.first]
        yield f"type {argument.kind} {'whole' if float(value).is_integer() and '.' not in token.text else 'decimal'}", 1.0
        unit = self._units.get(candidate.first, "")
        known = argument.roots | argument.described
        if unit and root(unit) in known:
            yield "unit fits", 1.0
        elif time_unit(unit):
            yield f"time unit, wanted={bool(argument.unit)}", 1.0
        if argument.unit and not time_unit(unit) and candidate.rule not in ("span", "frequency"):
            yield "wants time unit", 1.0
        is_money = self.lowers[candidate.first - 1] in "$€£¥₹" if candidate.first else False
        yield f"money={is_money} wanted={bool(known & MONEY)}", 1.0
        is_percent = "%" in self.lowers[candidate.first : candidate.last + 1] or unit.startswith("percent")
        yield f"percent={is_percent} wanted={bool(known & RATE)}", 1.0
        is_year = token.kind == "number" and "," not in token.text and YEAR_FIRST <= value <= YEAR_LAST and float(value).is_integer()
        yield f"year={is_year} wanted={root('year') in argument.roots}", 1.0
        in_quotes = any(first <= candidate.first < last for first, last in self.reading.quotes)
        if in_quotes:
            yield "in quotation marks", 1.0
        if any(found.first <= candidate.first < found.last for found in self.offer.dates):
            yield f"in date wanted={bool(argument.roots & _DATE_ROOTS)}", 1.0
        if self._word(candidate.first - 1) == "capital" or token.kind == "code":
            yield "behind a name", 1.0
        behind = [start for start in self.figure_starts if start >= candidate.last]
        plural = self.lowers[candidate.last : candidate.last + 3]
        if value == len(behind) and 2 <= value <= 6 and any(word.endswith("s") for word in plural):  # noqa: PLR2004 - few enough to be listed
            yield "announces the others", 1.0
        if ":" in self.lowers[candidate.last : candidate.last + 4] and behind and any(word.endswith("s") for word in plural):
            yield "before a colon", 1.0
        yield f"sign={'-' if value < 0 else '0' if value == 0 else '+'}", 1.0
        yield f"share={0 <= value <= 1} decimal={argument.takes_decimal}", 1.0

    def _of_boolean(self, position: int, candidate: Candidate) -> Iterator[tuple[str, float]]:
        argument, value = self.arguments[position], bool(candidate.value)
        before = self.lowers[max(0, candidate.first - 4) : candidate.first]
        yield f"{value} negated={any(word in NEGATIONS for word in before)}", 1.0
        yield f"{value} default={argument.default if argument.has_default else None}", 1.0
        here = self.roots[candidate.first]
        yield f"{value} name={here in argument.roots} tool={here in self._tool_roots}", 1.0
        yield f"{value} similar", self.similarity(self.reading.quote(candidate.first, candidate.last), position)[0]

    def _of_option(self, position: int, candidate: Candidate) -> Iterator[tuple[str, float]]:
        argument = self.arguments[position]
        if candidate.rule == "option" and not isinstance(candidate.value, list):
            own, margin, _ = self._option_fit(position, str(candidate.value))
            yield "option fit", own
            yield "option margin", margin
            words = self.reading.quote(candidate.first, candidate.last)
            yield f"option exact={words.lower() == str(candidate.value).lower()}", 1.0
            yield f"option tool word={all(each in self._tool_roots for each in self.roots[candidate.first : candidate.last])}", 1.0
            yield f"option {'required' if argument.is_required else 'optional'}", 1.0

    def _of_text(self, position: int, candidate: Candidate) -> Iterator[tuple[str, float]]:
        argument, first, last = self.arguments[position], candidate.first, candidate.last
        tokens, reading = self.reading.tokens, self.reading
        length = last - first
        yield f"length {min(length, 5) if length < 7 else 7}", 1.0
        inside = [quote for quote in reading.quotes if quote[0] < last and first < quote[1]]
        if inside:
            exact = any(quote == (first, last) for quote in inside)
            yield f"quote {'whole' if exact else 'part' if inside[0][0] <= first and last <= inside[0][1] else 'across'}", 1.0
            if exact:
                yield f"quote whole {'required' if argument.is_required else 'optional'}", 1.0
        elif reading.quotes:
            yield "other text is quoted", 1.0
        words = [token for token in tokens[first:last] if token.kind != "mark" and not token.is_function_word]
        capitals = sum(token.is_capital for token in words)
        case = "all" if capitals == len(words) else "none" if not capitals else "some"
        if first in reading.sentence_starts:
            yield f"at start {case}", 1.0
        yield f"case {case}", 1.0
        if reading.capitals < 0.6:  # noqa: PLR2004 - else capitals say nothing
            left_cut = first > 0 and tokens[first - 1].is_capital and tokens[first].is_capital and first - 1 not in reading.sentence_starts
            right_cut = last < len(tokens) and tokens[last].is_capital and tokens[last - 1].is_capital
            if left_cut:
                yield "cuts a name on the left", 1.0
            if right_cut:
                yield "cuts a name on the right", 1.0
            if case == "all" and not left_cut and not right_cut and first not in reading.sentence_starts:
                yield "whole name", 1.0
            if tokens[first].is_capital and first > 1 and self.lowers[first - 1] in NAME_LINKS and tokens[first - 2].is_capital and first - 2 not in reading.sentence_starts:
                yield f"cuts an {self.lowers[first - 1]}-name on the left", 1.0
            if last + 1 < len(tokens) and tokens[last - 1].is_capital and self.lowers[last] in NAME_LINKS and tokens[last + 1].is_capital:
                yield f"cuts an {self.lowers[last]}-name on the right", 1.0
        for side, token in (("first", tokens[first]), ("last", tokens[last - 1])):
            if token.kind == "word" and not token.is_capital:
                yield f"{side} ends {next((ending for ending in ENDINGS if token.lower.endswith(ending)), '')}", 1.0
        if "=" in self.lowers[first:last]:
            yield f"holds = {root('equation') in argument.roots | argument.described}", 1.0
        yield from self._of_kind(argument, first, last)
        yield from self._of_pair(argument, first, last)
        kinds = {token.kind for token in tokens[first:last]}
        if last < len(tokens) and self.roots[last] in argument.roots and not tokens[last].is_function_word:
            yield f"name behind {case} {tokens[last].is_capital}", 1.0
        for found in self.offer.dates:
            if found.first < last and first < found.last:
                whole = (found.first, found.last) == (first, last)
                yield f"date {'whole' if whole else 'cut'}", 1.0
        for kind in kinds - {"word"}:
            yield f"has {kind}", 1.0
            if length == 1:
                yield f"is {kind}", 1.0
        for word in {token.lower for token in tokens[first + 1 : last - 1] if token.is_function_word or token.kind == "mark"}:
            yield f"inside {word}", 1.0
        roots = self.roots[first:last]
        if roots[-1] in argument.roots:
            yield f"ends in name {length == 1} {case}", 1.0
        elif argument.roots & set(roots):
            yield "holds name", 1.0
        if roots[0] in argument.roots and length > 1:
            yield "begins with name", 1.0
        tool = sum(each in self._tool_roots for each in roots)
        yield "tool words", tool / length
        if tool == length:
            yield "only tool words", 1.0
        if any(each in other.roots for other in self.arguments if other is not argument for each in roots):
            yield "holds another name", 1.0
        told = len(set(roots) & argument.described)
        if told:
            yield "told words", told / length
        own, margin = self.similarity(reading.quote(first, last), position)
        yield "similar", own
        yield "margin", margin
        yield f"similar {'long' if length > 2 else 'short'}", own  # noqa: PLR2004
        own, margin = self._word_fit(last - 1, position)
        yield "head fit", own
        yield "head margin", margin
        yield from self._of_examples(argument, reading.quote(first, last), capitals, len(words))
        if first in reading.sentence_starts and not tokens[first].is_word:
            yield "starts the sentence without a word", 1.0
        if last < len(tokens) and tokens[last].lower in ("'s", "’s"):
            yield "possessive behind", 1.0
        if argument.is_list:
            return
        joined = (last < len(tokens) and tokens[last].lower in ("and", ",", "or") and last + 1 < len(tokens) and tokens[last + 1].is_capital == tokens[first].is_capital)
        if joined:
            yield "goes on in a list", 1.0
        if first > 1 and tokens[first - 1].lower == "and":
            yield "behind and", 1.0

    def _of_kind(self, argument: Argument, first: int, last: int) -> Iterator[tuple[str, float]]:
        """Whether a single token is of the kind that the argument is said to take."""
        token, known = self.reading.tokens[first], argument.roots | argument.described
        is_code = token.kind in ("code", "number", "ordinal") and any(letter.isdigit() for letter in token.text)
        kind = "code" if is_code and any(letter.isalpha() for letter in token.text) else token.kind
        if last - first == 1 and kind != "word":
            yield f"{kind} alone wanted={bool(known & KIND_ROOTS.get(kind, frozenset()))}", 1.0
        elif known & ADDRESS_ROOTS and kind != "word":
            yield f"{kind} begins an address", 1.0
        wanted = next((kind for kind in ("mail", "url", "path") if argument.roots & KIND_ROOTS[kind] or (kind == "mail" and known & KIND_ROOTS[kind])), None)
        if wanted and any(each.kind == wanted for each in self.reading.tokens):
            yield f"is a {wanted} {token.kind == wanted}", 1.0

    def _of_pair(self, argument: Argument, first: int, last: int) -> Iterator[tuple[str, float]]:
        """`Boston, MA`: two names with a comma between them."""
        tokens = self.reading.tokens
        commas = [at for at in range(first, last) if tokens[at].text == ","]
        known = bool((argument.roots | argument.described) & PLACE_ROOTS)
        pairs = any("," in example for example in argument.examples) or "," in argument.description and known and "state" in argument.description.lower()
        if len(commas) == 1 and all(token.is_capital for token in tokens[first:last] if token.is_word and not token.is_function_word):
            yield f"name pair place={known} wanted={pairs}", 1.0
        elif not commas and known and last + 1 < len(tokens) and tokens[last].text == "," and tokens[last + 1].is_capital and tokens[last - 1].is_capital:
            yield f"half a name pair wanted={pairs}", 1.0
        elif not commas and known and first > 1 and tokens[first - 1].text == "," and tokens[first].is_capital and tokens[first - 2].is_capital:
            yield f"second half of a name pair wanted={pairs}", 1.0

    def _of_examples(self, argument: Argument, text: str, capitals: int, count: int) -> Iterator[tuple[str, float]]:
        if not argument.examples or argument.kind is Kind.OPTION:
            return
        vectors = self._meaning.of([*argument.examples, text])
        yield "like examples", float((vectors[:-1] @ vectors[-1]).max())
        looks = [example[:1].isupper() for example in argument.examples]
        yield f"examples capital={sum(looks) * 2 > len(looks)} {'all' if capitals == count else 'none' if not capitals else 'some'}", 1.0
        sizes = [len(example.split()) for example in argument.examples]
        yield f"examples length {min(abs(count - sum(sizes) / len(sizes)), 3):.0f}", 1.0
        if text in argument.examples:
            yield "is example", 1.0
        if all(any(letter.isdigit() for letter in example) for example in argument.examples):
            yield f"examples digits {any(letter.isdigit() for letter in text)}", 1.0
        if any("," in example for example in argument.examples):
            yield f"examples comma {',' in text}", 1.0

    def _of_list(self, position: int, candidate: Candidate) -> Iterator[tuple[str, float]]:
        members: list[Json] = candidate.value if isinstance(candidate.value, list) else []
        yield f"members {min(len(members), 5)}", 1.0
        brackets = self._word(candidate.first - 1) in ("[", "(") and self._word(candidate.last) in ("]", ")")
        yield f"brackets {brackets}", 1.0
        goes_on = self._word(candidate.last) in (",", "and", "or", "&") or self._word(candidate.first - 1) in (",", "and", "or", "&")
        yield f"goes on {goes_on}", 1.0
        if members and all(isinstance(member, str) for member in members):
            sizes = {len(member.split()) for member in members}
            yield f"sizes {'even' if len(sizes) == 1 else 'uneven'}", 1.0
            cases = {member[:1].isupper() for member in members}
            yield f"cases {'even' if len(cases) == 1 else 'uneven'}", 1.0
            if len(members) > 1:
                vectors = self._meaning.of(members)
                yield "alike", float((vectors[0] @ vectors[1:].T).mean())
                yield "alike ends", float(vectors[0] @ vectors[-1])
            if len(members) > 1:
                yield "longest member", max(sizes) / 5

    # joint

    def _joint(self, position: int, candidate: Candidate, state: State) -> Iterator[tuple[str, float]]:
        if candidate.is_absent or candidate.first < 0:
            return
        argument = self.arguments[position]
        latest: Candidate | None = None
        for at, other in state.chosen:
            if other.first < 0:
                continue
            if self.arguments[at].kind is argument.kind:
                latest = other
            if candidate.first < other.last and other.first < candidate.last:
                same = (candidate.first, candidate.last) == (other.first, other.last)
                alike = same and self.arguments[at].kind is argument.kind and self.arguments[at].is_list == argument.is_list
                yield f"used alike {alike}", 1.0
                yield f"used {'same' if same else 'part'} {self.arguments[at].kind}", 1.0
            if (at, position) in self._before:
                yield f"in order {candidate.first >= other.last}", 1.0
            elif (position, at) in self._before:
                yield f"in order {candidate.last <= other.first}", 1.0
        if latest is not None:
            yield f"behind the one before {candidate.first >= latest.last}", 1.0
            figures = [each for each in self._starts(argument) if latest.last <= each < candidate.first]
            if candidate.first >= latest.last and argument.kind in (Kind.INTEGER, Kind.NUMBER):
                yield f"left out between {min(len(figures), 2)}", 1.0
        elif argument.kind in (Kind.INTEGER, Kind.NUMBER):
            yield f"left out before {min(sum(each < candidate.first for each in self._starts(argument)), 2)}", 1.0

    def _starts(self, argument: Argument) -> list[int]:
        return self.figure_starts

    @cached_property
    def _units(self) -> dict[int, str]:
        return {figure.first: figure.unit for figure in self.offer.figures}

    @cached_property
    def figure_starts(self) -> list[int]:
        return sorted({figure.first for figure in self.offer.figures if figure.kind not in ("count", "span")})

    # repetition

    def steps(self, position: int, before: Candidate, candidate: Candidate) -> Iterator[tuple[str, float]]:
        """How one value of an argument follows another: where it stands, and whether the two look alike."""
        forward = candidate.first >= before.last
        yield "forward" if forward else "back", 1.0
        if forward:
            joined = all(word in JOINTS for word in self.lowers[before.last : candidate.first])
            yield f"next in list {joined}", 1.0
            other = sum(before.last <= each.first and each.last <= candidate.first for each in self.peers(position, before))
            yield f"leaves out {min(other, 2)}", 1.0
        yield f"left {self._word(candidate.first - 1) == self._word(before.first - 1)}", 1.0
        yield f"right {self._word(candidate.last) == self._word(before.last)}", 1.0
        yield f"rule {candidate.rule == before.rule}", 1.0
        yield f"length {candidate.last - candidate.first == before.last - before.first}", 1.0
        yield f"case {self.reading.tokens[candidate.first].is_capital == self.reading.tokens[before.first].is_capital}", 1.0
        if self.arguments[position].kind not in (Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN):
            one, two = self._meaning.of([self.reading.quote(candidate.first, candidate.last), self.reading.quote(before.first, before.last)])
            yield "alike", float(one @ two)

    def number(self, position: int, candidate: Candidate) -> int:
        """The number of a candidate of the scene."""
        return self._numbers[position][id(candidate)]

    @cached_property
    def _numbers(self) -> list[dict[int, int]]:
        return [{id(each): number for number, each in enumerate(candidates)} for candidates in self._candidates]

    def peers(self, position: int, before: Candidate) -> list[Candidate]:
        """Candidates that could as well follow: numbers, or phrases of the same length and case."""
        if self.arguments[position].kind in (Kind.INTEGER, Kind.NUMBER):
            return [each for each in self._candidates[position] if each.first >= 0]
        size, case = before.last - before.first, self.reading.tokens[before.first].is_capital
        return [each for each in self._candidates[position] if each.first >= 0 and each.last - each.first == size and self.reading.tokens[each.first].is_capital == case and case]


_DATE_ROOTS = frozenset(root(word) for word in ("day", "month", "year", "date"))


def _rule(rule: str) -> str:
    if " to " in rule:
        return "converted"
    return "relative" if rule.startswith("relative") else rule
