"""Long texts in parts, and passages that speak of something."""

import base64
import random

import pytest

from brain.errors import ToolError
from brain.language_models.text_parts import cut, halves
from brain.language_models.tokens import tokens_of
from brain.tools.text_joined import joined
from brain.tools.text_passages import excerpts
from brain.tools.text_words import is_same_language, terms, words

CHANCE = random.Random(7)
TEXTS = {
    "sentences": "It rained for three days in Seattle. " * 900,
    "paragraphs": ("It rained.\n\nThen it stopped, at last. " * 300).strip(),
    "one word": "x" * 20_000,
    "figures": "12.5,3.7,199\n" * 2000,
    "base64": base64.b64encode(CHANCE.randbytes(20_000)).decode(),
    "Japanese": "雨が降った。" * 2000,
    "emoji": "😀🎉" * 2000,
    "blank": " \n" * 5000,
}
MEASURED = {  # of SmolLM2's tokenizer, and of others no more
    "It rained for three days in Seattle, and the harbour was closed until the storm had passed over the coast. ": 24,
    "12.5,3.7,199\n" * 50: 650,
    "!@#$%^&*()_+-=[]{}|;':,./<>?" * 10: 201,
    "雨が降った。東京では三日間続いた。" * 20: 660,
    "Дождь шёл три дня подряд в Сиэтле. " * 20: 601,
    "😀🎉" * 50: 300,
    "ABCDEFGH IJKLMN " * 20: 161,
    "هطل المطر ثلاثة أيام في سياتل " * 20: 620,
    "तीन दिन तक बारिश होती रही। " * 20: 600,
    CHANCE.randbytes(300).hex(): 535,
}


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("tokens", [1, 50, 1000])
def test_parts_fit_and_together_are_the_text(kind, tokens):
    text = TEXTS[kind][: tokens * 40]
    parts = cut(text, tokens)
    assert "".join(parts) == text
    assert all(parts)
    assert max(map(tokens_of, parts)) <= max(tokens, 3)


def test_texts_are_cut_between_paragraphs_else_sentences_else_words():
    parts = cut("one two three.\n\nfour five six. seven", 6)
    assert parts == ["one two ", "three.\n\n", "four five six. ", "seven"]


def test_a_text_is_halved_at_the_border_nearest_to_its_middle():
    assert halves("a b c d e f. g h. i j") == ("a b c d e f. ", "g h. i j")
    assert halves("abcdefgh") == ("abcd", "efgh")
    assert all("".join(halves(text)) == text for text in TEXTS.values())


@pytest.mark.parametrize("text", MEASURED)
def test_no_text_takes_more_tokens_than_is_reckoned_with(text):
    assert MEASURED[text] * 0.9 <= tokens_of(text) <= MEASURED[text] * 2.6


def test_texts_are_joined_without_blank_ones_and_what_nobody_sees():
    assert joined([" a\u200bb ", "", "\n", "c\r\nd"], "read") == "ab\n\nc\nd"


@pytest.mark.parametrize("text", ["", " \n", [], ["", "\u200b"]])
def test_nothing_to_work_on_is_told(text):
    with pytest.raises(ToolError, match="There is no text to read: the step before gave an empty one"):
        joined(text, "read")


def test_documents_that_fit_are_read_whole():
    read, left_out = excerpts(["It rains.", "", "It snows."], "rain?", 1000)
    assert [(each.document, each.runs) for each in read] == [(0, ("It rains.",)), (2, ("It snows.",))]
    assert left_out == 0


def test_of_long_documents_the_nearest_passages_are_read_in_their_order():
    padding = "Nothing of interest is said in this sentence at all. " * 60
    document = f"{padding}\n\nUmbrellas were sold in Bergen for nine crowns.\n\n{padding}"
    other = f"{padding}\n\nBergen has many umbrellas."
    read, left_out = excerpts([other, document], "What did an umbrella cost in Bergen?", 1000)
    assert [each.document for each in read] == [0, 1]
    assert "for nine crowns" in read[1].text
    assert "many umbrellas" in read[0].text
    assert left_out > 10
    assert all(run in (other if each.document == 0 else document) for each in read for run in each.runs)


def test_documents_that_share_no_word_with_the_question_are_read_from_their_beginnings_in_turns():
    documents = [f"Beginning {number}. " + "Still more words follow here. " * 300 for number in range(3)]
    read, _ = excerpts(documents, "何ですか", 1200)
    assert [each.text.startswith(f"Beginning {each.document}.") for each in read] == [True] * 3


def test_words_are_the_same_however_they_are_written():
    assert words("Ｆｕｌｌ Width, CAFÉ cafe\u0301 don’t 1,234.5 雨が 3kg") == [
        "full", "width", "café", "café", "don", "t", "1,234.5", "雨", "が", "3", "kg",
    ]  # fmt: skip
    assert terms("The rains of the cities") == ["rain", "cit"]


@pytest.mark.parametrize(
    ("one", "other", "may_be"),
    [
        ("It rains in the city and it is wet.", "The bread is on the table.", True),
        ("Es regnet in der Stadt und es ist nass.", "The bread is on the table.", False),
        ("Il pleut dans la ville et les gens sont là.", "Es regnet in der Stadt und es ist nass.", False),
        ("Paris", "The bread is on the table.", True),
        ("雨が降った", "The bread is on the table.", False),
        ("雨が降った", "Paris", True),
    ],
)
def test_languages_are_told_apart_where_that_is_clear(one, other, may_be):
    assert is_same_language(one, other) is may_be
    assert is_same_language(other, one) is may_be
