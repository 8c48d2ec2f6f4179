"""Secrets are found in every form that programs write them, in texts, files and tables, and by any thread."""

import base64
import html
import json
import logging
import math
import re
import threading
import time
import urllib.parse
from pathlib import Path

import httpx
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain.config_secrets import ContentRedactor, Redactor, install_log_redaction, redacted
from brain.errors import ToolError

PLAIN = "tok-8Hq2LmX0aZ"
ODD = "p+s/w \"ö\\rd'&<%"
"""Holds what JSON, Python, HTML and URLs escape."""
REDACTOR = Redactor({"PLAIN": PLAIN, "ODD": ODD})


def lower_escapes(text: str) -> str:
    return re.sub("%[0-9A-F]{2}", lambda escape: escape[0].lower(), text)


FORMS = {
    "as it is": ODD,
    "JSON": json.dumps({"a": [ODD]}),
    "JSON without ASCII escapes": json.dumps({"a": [ODD]}, ensure_ascii=False),
    "JSON inside JSON": json.dumps(json.dumps({"a": ODD})),
    "JSON with escaped slashes": json.dumps({"a": PLAIN + ODD}, ensure_ascii=False).replace("/", "\\/"),
    "repr": repr(ODD),
    "repr in an error": str(ValueError(f"{ODD!r} is no number")),
    "HTML": f"<p>{html.escape(ODD)}</p>",
    "HTML without quotes": f"<p>{html.escape(ODD, quote=False)}</p>",
    "a path": f"/v1/{urllib.parse.quote(ODD)}/x",
    "a part of a URL": urllib.parse.quote(ODD, safe=""),
    "in lower case": lower_escapes(urllib.parse.quote(ODD, safe="")),
    "a form": urllib.parse.urlencode({"a": ODD}),
    "with a slash and a plus left": f"/{urllib.parse.quote(ODD, safe='/+')}",
    "a URL inside a URL": urllib.parse.quote(f"https://x/?k={urllib.parse.quote(ODD, safe='')}", safe=""),
    "every byte": re.sub(rb"[^a-z]", lambda byte: b"%%%02X" % ord(byte[0]), ODD.encode()).decode(),
    "JSON in a URL": urllib.parse.quote(json.dumps({"k": ODD}), safe=""),
    "HTML inside HTML": html.escape(html.escape(ODD)),
    "HTML by number": "".join(letter if letter.isalnum() else f"&#{ord(letter)};" for letter in ODD),
    "JSON three times": json.dumps(json.dumps(json.dumps(ODD))),
    "JSON in an attribute": f'<a data-x="{html.escape(json.dumps({"k": ODD}))}">',
    "ascii()": ascii(ODD),
    "bytes": repr(ODD.encode("latin-1")),
    "bytes of UTF-8": repr(ODD.encode()),
    "a query by httpx": str(httpx.URL("https://example.org/", params={"key": ODD})),
    "an address by httpx": str(httpx.URL(f"https://example.org/{urllib.parse.quote(ODD, safe='')}")),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_found_however_a_program_writes_it(form: str) -> None:
    told = REDACTOR.text(FORMS[form])
    assert "${secret:ODD}" in told
    assert "rd" not in told.replace("${secret:", "").replace("number", "")
    assert "PLAIN" in told or PLAIN not in FORMS[form]


@pytest.mark.parametrize("behind", ["", ":", "\n", "xy", "123"])
@pytest.mark.parametrize("before", ["", ":", "me:", "you:", "some-user:"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode], ids=["standard", "for URLs"])
def test_a_secret_is_found_in_base64_wherever_it_stands(encode, before: str, behind: str) -> None:
    for secret in (PLAIN, ODD):
        letters = encode((before + secret + behind).encode()).decode()
        left, _, rest = REDACTOR.text(f"Basic {letters}").removeprefix("Basic ").partition("${secret:")
        right = rest.partition("}")[2]
        assert letters.startswith(left)
        assert letters.endswith(right)
        assert len(left) <= len(before) * 8 / 6
        assert len(right.rstrip("=")) <= math.ceil(len(behind) * 8 / 6)


@settings(deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=40),
    st.text(max_size=20).filter(lambda text: max(text, default="") < "\ud800"),
    st.text(max_size=20).filter(lambda text: max(text, default="") < "\ud800"),
)
def test_whatever_the_secret_is_nothing_of_it_remains(secret: str, before: str, behind: str) -> None:
    redactor = Redactor({"S": secret})
    text = before + secret + behind
    if secret not in before + "${secret:S}" + behind:
        assert secret not in redactor.text(text)
    core = base64.b64encode(secret.encode()).decode().rstrip("=")[:-1]
    told = redactor.text(base64.b64encode(text.encode()).decode())
    assert core not in told
    in_json = json.dumps({"k": [text]}, ensure_ascii=False)
    assert redactor.is_in_json(in_json)
    assert json.loads(in_json) != redactor.value(json.loads(in_json))


def test_ordinary_texts_stay_as_they_are() -> None:
    for text in ("", "a", "tok-8Hq2", "Nothing to see … here", base64.b64encode(b"user:another password").decode()):
        assert REDACTOR.text(text) == text


def test_the_beginning_of_a_secret_is_hidden_where_a_message_was_shortened() -> None:
    for length in range(8, len(PLAIN)):
        assert REDACTOR.text(f"https://x/?key={PLAIN[:length]}… was refused") == (
            "https://x/?key=${secret:PLAIN}… was refused"
        )
    assert REDACTOR.text(f"{PLAIN[:7]}…") == f"{PLAIN[:7]}…", "so little is in many words"
    assert REDACTOR.text(f"{PLAIN}… and {PLAIN[:9]}…") == "${secret:PLAIN}… and ${secret:PLAIN}…"


def test_many_shortened_places_take_no_time() -> None:
    text = "word… " * 300_000 + PLAIN
    began = time.process_time()
    assert REDACTOR.text(text).endswith("${secret:PLAIN}")
    assert time.process_time() - began < 3


def test_a_number_that_is_the_secret_is_no_number_any_more() -> None:
    redactor = Redactor({"PIN": "83746512"})
    assert redactor.value({"pin": 83746512, "n": 5, "yes": True, "x": 1.5}) == {
        "pin": "${secret:PIN}", "n": 5, "yes": True, "x": 1.5,
    }  # fmt: skip


def test_more_secrets_can_be_told_and_none_is_forgotten() -> None:
    redactor = Redactor({"A": "first-value"})
    redactor.learn({"A": "second-value", "B": "first-value", "C": "short"})
    assert redactor.text("first-value second-value short") == "${secret:A} ${secret:A} short"


def test_threads_may_look_while_others_tell_more() -> None:
    redactor = Redactor({"S0": "secret-number-0"})
    wrong: list[str] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            for known in range(60):
                told = redactor.text(f"<secret-number-{known}>")
                if told not in (f"<secret-number-{known}>", f"<${{secret:S{known}}}>"):
                    wrong.append(told)

    def tell(first: int) -> None:
        for number in range(first, 50, 2):
            redactor.learn({f"S{number}": f"secret-number-{number}"})

    lookers = [threading.Thread(target=look) for _ in range(2)]
    tellers = [threading.Thread(target=tell, args=[first]) for first in range(2)]
    for thread in (*lookers, *tellers):
        thread.start()
    for thread in tellers:
        thread.join()
    done.set()
    for thread in lookers:
        thread.join()
    assert [n for n in range(50) if "${secret" not in redactor.text(f"<secret-number-{n}>")] == []
    # a longer number that begins with a known one shows what is behind it
    assert all(told.startswith("<${secret:S") for told in wrong)


def test_each_key_of_a_list_and_a_value_that_the_environment_overrides_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("SHOP_TOKEN=the-one-in-the-file\n")
    monkeypatch.setenv("SHOP_TOKEN", "the-one-that-counts")
    monkeypatch.setenv("BRAIN_SECRETS_KEY", "the-new-key, the-old-key")
    told = Redactor.of_environment(tmp_path).text("the-one-in-the-file the-one-that-counts the-new-key the-old-key")
    assert told == (
        "${secret:SHOP_TOKEN} ${secret:SHOP_TOKEN} ${secret:BRAIN_SECRETS_KEY_1} ${secret:BRAIN_SECRETS_KEY_2}"
    )


CELLS = ContentRedactor(REDACTOR)
REFERENCE = "${secret:PLAIN}"
COLUMNS = {
    "text": (pa.array([PLAIN, "x", None]), [REFERENCE, "x", None]),
    "large text": (pa.array([f"<{PLAIN}>", "", None], pa.large_string()), [f"<{REFERENCE}>", "", None]),
    "text view": (pa.array([PLAIN, "x", None], pa.string_view()), [REFERENCE, "x", None]),
    "categories": (pa.array([PLAIN, "x", PLAIN]).dictionary_encode(), [REFERENCE, "x", REFERENCE]),
    "bytes": (pa.array([PLAIN.encode(), b"\xff", None]), [REFERENCE.encode(), b"\xff", None]),
    "list": (pa.array([["a", PLAIN], [], None]), [["a", REFERENCE], [], None]),
    "struct": (pa.array([{"k": PLAIN, "n": 1}, None, {}]), [{"k": REFERENCE, "n": 1}, None, {"k": None, "n": None}]),
    "map": (
        pa.array([[(PLAIN, 1)], [], None], pa.map_(pa.string(), pa.int64())), [[(REFERENCE, 1)], [], None]
    ),
    "list of structs with times": (
        pa.array([[{"t": 5, "k": PLAIN}], []], pa.list_(pa.struct([("t", pa.timestamp("us")), ("k", pa.string())]))),
        None,
    ),
    "JSON": (pa.array([json.dumps({"k": PLAIN}), "{}", None], pa.json_()), [f'{{"k": "{REFERENCE}"}}', "{}", None]),
}  # fmt: skip


@pytest.mark.parametrize("kind", COLUMNS)
def test_the_cells_of_a_table_hold_references_and_the_column_keeps_its_type(kind: str) -> None:
    column, expected = COLUMNS[kind]
    given_table = pa.table({"a": column, "n": pa.array(range(len(column)), pa.int8())})
    kept = CELLS.table(given_table)
    kept.validate(full=True)
    assert kept.schema == given_table.schema
    assert kept.column("n") == given_table.column("n")
    assert PLAIN not in str(kept.to_pylist())
    assert REFERENCE in str(kept.to_pylist())
    assert expected is None or kept.column("a").to_pylist() == expected


def test_names_of_columns_and_metadata_hold_references_too() -> None:
    given_table = pa.table({f"of {PLAIN}": [1]}).replace_schema_metadata({"source": f"https://x/?key={PLAIN}"})
    kept = CELLS.table(given_table)
    assert kept.column_names == [f"of {REFERENCE}"]
    assert kept.schema.metadata == {b"source": f"https://x/?key={REFERENCE}".encode()}


def test_a_clean_table_or_file_is_not_copied() -> None:
    clean = pa.table({"a": ["x", "y"], "when": pa.array([1, 2], pa.timestamp("s")), "n": [1.5, None]})
    assert CELLS.table(clean) is clean
    content = b"\x89PNG nothing"
    assert CELLS.file(content, "a.png") is content


def test_texts_of_neighbouring_cells_are_no_secret() -> None:
    halves = pa.table({"a": [PLAIN[:6], PLAIN[6:]]})
    assert CELLS.table(halves).to_pylist() == halves.to_pylist()


def test_a_file_of_text_holds_references_and_any_other_is_refused() -> None:
    assert CELLS.file(f"key = {PLAIN}\né".encode(), "a.txt") == f"key = {REFERENCE}\né".encode()
    with pytest.raises(ToolError) as caught:
        CELLS.file(b"\xff\xfe" + PLAIN.encode(), "picture.bin")
    assert str(caught.value).startswith("The file picture.bin holds the value of a secret where no reference can")
    assert PLAIN not in str(caught.value)


def test_a_column_that_takes_no_reference_is_refused() -> None:
    column = pa.array([PLAIN.encode()], pa.binary(len(PLAIN)))
    with pytest.raises(ToolError, match="The column a holds the value of a secret"):
        CELLS.table(pa.table({"a": column}))


def test_the_log_knows_the_secrets_of_every_core_that_lives(caplog: pytest.LogCaptureFixture) -> None:
    before = logging.getLogRecordFactory()
    try:
        first, second = Redactor({"ONE": "number-one-secret"}), Redactor({"TWO": "number-two-secret"})
        install_log_redaction(first)
        install_log_redaction(second)
        first.learn({"MORE": "learnt-later-on"})
        with caplog.at_level(logging.INFO):
            logging.getLogger("x").info("number-one-secret number-two-secret learnt-later-on")
        assert caplog.messages == ["${secret:ONE} ${secret:TWO} ${secret:MORE}"]
        assert redacted("of number-two-secret") == "of ${secret:TWO}"
        del first
        assert redacted("number-one-secret number-two-secret") == "number-one-secret ${secret:TWO}"
    finally:
        logging.setLogRecordFactory(before)
