"""What stands behind a verb on its line."""

import pytest

from brain.errors import UsageError
from brain.notebook.arguments import HelpShown, split
from brain.notebook.verbs import VERBS


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(HelpShown):
        VERBS[verb].parser().parse(["--help"])
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: %brain {verb} ")
    assert VERBS[verb].help in shown


@pytest.mark.parametrize(
    ("verb", "line", "says"),
    [
        ("runs", "--statsu failed", r"%brain runs has no option --statsu\. Did you mean --status\?"),
        ("runs", "--stat failed", r"%brain runs has no option --stat\. Did you mean"),
        ("run", "a.yaml --deadlin=3m", r"%brain run has no option --deadlin\. Did you mean --deadline\?"),
        ("rate", "last 9", r"%brain rate: argument STARS: invalid choice: 9 .*\. %brain rate --help shows"),
        ("rate", "last many", r"%brain rate: argument STARS: invalid int value: 'many'"),
        ("show", "a b", r"%brain show: b is too much\."),
        ("runs", "--status", r"%brain runs: argument --status: expected one argument\."),
    ],
)
def test_what_a_verb_does_not_take_is_refused_in_a_sentence(verb: str, line: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        VERBS[verb].parser().parse(split(line))


def test_an_open_quotation_mark_is_told() -> None:
    with pytest.raises(UsageError, match="A quotation mark is not closed in: what's new"):
        split("what's new")
