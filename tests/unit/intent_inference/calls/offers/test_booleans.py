"""True and false, as they are offered."""

from call_scenes import argument_of, offered

SUGAR = argument_of("sugar", "Whether sugar is added.", type="boolean")


def offers(text: str) -> list[tuple[bool, str]]:
    return [(each.value, each.rule) for each in offered(text, SUGAR) if each.is_placed]


def test_a_word_of_the_argument_says_true_and_beside_a_denial_also_false() -> None:
    assert offers("with sugar") == [(True, "said")]
    assert offers("I doesn't want sugar") == [(True, "said"), (False, "denied")]


def test_words_say_yes_and_no() -> None:
    assert offers("yes, disable it") == [(True, "true"), (False, "false")]


def test_a_negation_says_either() -> None:
    assert {value for value, rule in offers("without cream") if rule == "negation"} == {True, False}


def test_both_may_be_implied() -> None:
    implied = [each.value for each in offered("make tea", SUGAR)]
    assert implied == [True, False]
