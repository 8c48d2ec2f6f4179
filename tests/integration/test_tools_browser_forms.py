"""Forms filled in and sent in real Chromium: fields found, values that arrive, and passwords that are never told."""

import asyncio
import html
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import pytest_asyncio
from browser_hostiles import Site, response
from playwright.async_api import Page

from brain.config_secrets import load_settings
from brain.egress import Egress, EgressPolicy
from brain.errors import ToolError
from brain.tool_registry.context import SharedResources, ToolContext
from brain.tools import browser, browser_forms, visit
from brain.tools.browser_forms import Form
from brain.tools.shared_browser import Errand, OpenBrowser
from brain.tools.visit import Visit

pytestmark = pytest.mark.asyncio(loop_scope="module")

CANARY = "c4n&ry <pass> wörd"
UTF8 = "content-type: text/html; charset=utf-8"
THANKS = "<title>Thanks</title><p>Thank you, we have got your order."
ORDER = """
<form method=post action=/thanks>
  <label>Your name <input name=customer></label>
  <label for=mail>E-mail</label><input id=mail type=email name=email>
  <input name=phone placeholder="Telephone">
  <textarea name=note aria-label="Anything else"></textarea>
  <select name=size><option value=s>Small</option><option value=l>Large</option></select>
  <select name=topping multiple><option>Cheese<option>Olives<option>Ham</select>
  <label><input type=radio name=bread value=w> White</label><label><input type=radio name=bread value=r> Rye</label>
  <label><input type=checkbox name=gift style="display: none"> As a gift</label>
  <input type=hidden name=news value=0><label><input type=checkbox name=news value=1 checked> Newsletter</label>
  <input type=number name=count><input type=date name=day>
  <input type=password name=password aria-label=Password>
  <button>Order</button>
</form>"""


class Shop(Site):
    """A site that thanks for every form, after a while."""

    async def respond(self, target: str, writer: asyncio.StreamWriter) -> None:
        path, _, query = target.partition("?")
        if path == "/thanks":
            await asyncio.sleep(0.1)
            writer.write(response(THANKS, UTF8))
        elif path == "/echo":
            said = self.bodies[-1] or query
            text = html.escape(" ".join(value for _, value in parse_qsl(said)))
            writer.write(response(f"<title>{text}</title><p>{said} {text}", UTF8))
        elif path == "/denied":
            writer.write(response("<p>no", UTF8, status="401 Unauthorized"))
        else:
            await super().respond(target, writer)
        await writer.drain()

    @property
    def sent(self) -> list[tuple[str, str]]:
        return parse_qsl(next(filter(None, self.bodies)), keep_blank_values=True)


@dataclass(frozen=True)
class Case:
    markup: str
    fields: dict[str, object]
    told: str = ""
    submit: str | None = None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop() -> AsyncIterator[Shop]:
    async with Shop("127.0.0.1") as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared() -> AsyncIterator[SharedResources]:
    resources = SharedResources()
    yield resources
    await resources.aclose()


@pytest.fixture
def send(shared: SharedResources, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Fill in the form of a page, and return what comes after it."""
    shop.forget()
    monkeypatch.setattr(visit, "QUIET_SECONDS", 0.2)
    context = ToolContext(
        tmp_path, Egress(EgressPolicy(allow=("127.0.0.1",))), model=None, secret=lambda name: name,
        report=lambda *_: None, shared=shared, chromium=load_settings(tmp_path).brain_chromium,
    )  # fmt: skip

    async def run(markup: str, fields: dict[str, object], submit: str | None = None) -> dict[str, object]:
        shop.pages["/form"] = f"<meta charset=utf-8>{markup}"
        url = f"http://127.0.0.1:{shop.port}/form"
        return await browser.fill_and_submit(url, fields, submit, timeout=20, context=context)

    return run


@pytest.fixture
def attempt(shared: SharedResources, shop: Shop, tmp_path: Path):
    """Fill in and send many forms, one after the other in one page; returns what each of them came to."""
    shop.forget()
    egress = Egress(EgressPolicy(allow=("127.0.0.1",)))

    async def run(cases: Sequence[Case]) -> list[str | ToolError]:
        async def work(visit: Visit) -> list[str | ToolError]:
            return [await once(visit.page, case, f"/form{id(cases)}") for case in cases]

        started = await shared.get(OpenBrowser(load_settings(tmp_path).brain_chromium))
        return await started.run(Errand(egress, work, seconds=60))

    async def once(page: Page, case: Case, path: str) -> str | ToolError:
        shop.pages[path] = f"<meta charset=utf-8>{case.markup}"
        await page.goto(f"http://127.0.0.1:{shop.port}{path}")
        form = Form(page)
        try:
            for name, value in case.fields.items():
                await form.fill(name, value)
            await form.submit(case.submit)
        except ToolError as exc:
            return exc
        await page.wait_for_url("**/thanks*")
        return await page.title()

    return run


async def test_fields_are_found_by_label_name_placeholder_or_selector(send, shop):
    read = await send(
        ORDER,
        {
            "Your name": "Ada",
            "E-mail": "ada@example.org",
            "Telephone": "123",
            "Anything else": "two\nlines",
            "size": "Large",
            "topping": ["Cheese", "Ham"],
            "bread": "Rye",
            "As a gift": True,
            "Newsletter": False,
            "count": 3,
            "input[type=date]": "2026-11-24",
            "Password": CANARY,
        },
    )
    assert shop.sent == [
        ("customer", "Ada"),
        ("email", "ada@example.org"),
        ("phone", "123"),
        ("note", "two\r\nlines"),
        ("size", "l"),
        ("topping", "Cheese"),
        ("topping", "Ham"),
        ("bread", "r"),
        ("gift", "on"),
        ("news", "0"),
        ("count", "3"),
        ("day", "2026-11-24"),
        ("password", CANARY),
    ]
    assert read == {
        "url": f"http://127.0.0.1:{shop.port}/thanks",
        "title": "Thanks",
        "text": "Thank you, we have got your order.",
        "left_out": [],
    }


SHAPES = [
    "<form action=/thanks><input name=q></form>",
    "<form action=/thanks target=_blank><input name=q><button>Go</button></form>",
    "<form action=/thanks><input name=q><button name=submit formtarget=_blank>Go</button></form>",
    "<form action=/thanks><input name=q><input name=elements><input type=submit name=form></form>",
    "<form action=/thanks onsubmit='return confirm(`Really?`)'><input name=q><button>Go</button></form>",
    "<form id=f action=/thanks><input name=q></form><button form=f>Go</button>",
    "<form action=/thanks><input name=q><input type=image src=/x></form>",
    "<form action=/thanks><input name=q required><button disabled>No</button><button id=go>Go</button></form>",
    "<input name=q><a href=/thanks id=go>Go</a>",
]


async def test_each_shape_of_form_is_sent_and_answered_in_the_page(attempt, shop):
    cases = [Case(shape, {"q": "rain"}, submit="#go" if "id=go" in shape else None) for shape in SHAPES]
    assert await attempt(cases) == ["Thanks"] * len(SHAPES)
    assert sum(target.startswith("/thanks") for target in shop.asked) == len(SHAPES)


async def test_a_form_that_a_script_sends_is_read_when_it_is_done(send, shop):
    script = "event.preventDefault(); fetch('/thanks').then(r => r.text()).then(t => document.body.innerHTML = t)"
    read = await send(f'<form onsubmit="{script}"><input name=q><button>Go</button></form>', {"q": "rain"})
    assert "Thank you, we have got your order." in read["text"]
    assert read["url"].endswith("/form")


async def test_a_window_that_a_click_opens_is_closed_and_said(send, shop):
    read = await send(
        "<form><input name=q></form><button id=b onclick='window.open(`/thanks`)'>x</button>", {"q": "x"}, "#b"
    )
    assert "A window that the page opened was closed." in read["left_out"]


CANNOT = [
    Case(ORDER, {"You name": "x"}, "has no field 'You name'. Did you mean Your name?"),
    Case("<p>no form", {"q": "x"}, "has no field 'q'. It has none at all."),
    Case("<input name=a aria-label=First>", {"zzz": "x"}, "has no field 'zzz'. It has 'a'."),
    Case("<input name=q><input name=q>", {"q": "x"}, "is not the only one of that name"),
    Case("<input name=q>", {"q": "x"}, "stand in no form: name the button with submit."),
    Case("<input name=q>", {"q": "x"}, "'#none' fits no elements of ", "#none"),
    Case("<input name=q>", {"q": "x"}, "'!!' fits no elements of ", "!!"),
    Case("<input name=q><b></b><b></b>", {"q": "x"}, "'b' fits 2 elements of ", "b"),
    Case("<input type=file name=q>", {"q": "/etc/passwd"}, "asks for a file, and files are not uploaded."),
    Case("<form><input type=submit name=q></form>", {"q": "x"}, "is a button: name it with submit."),
    Case(ORDER, {"bread": "Toast"}, "has no such choice; it has 'White', 'Rye'."),
    Case(ORDER, {"Newsletter": "yes"}, "is a box to tick: give true or false."),
    Case(ORDER, {"Your name": True}, "takes text or a number."),
    Case("<input type=checkbox name=q disabled>", {"q": True}, "cannot be ticked so; it may be disabled."),
    Case("<input type=date name=q>", {"q": "tomorrow"}, "does not take this value, as a date must"),
    Case("<input type=number name=q>", {"q": "many"}, "does not take this value."),
    Case(ORDER, {"E-mail": "no address"}, "was not sent: it does not take what is, or is not, in 'E-mail'."),
]
SLOW_TO_FAIL = [
    Case(ORDER, {"size": "Huge"}, "it is hidden, disabled or has no such option."),
    Case("<input name=q readonly>", {"q": "x"}, "it is hidden, disabled or read-only."),
    Case("<input name=q style='display: none'>", {"q": "x"}, "it is hidden, disabled or read-only."),
    Case("<form><input name=q><button disabled>Go</button></form>", {"q": "x"}, "it is hidden, disabled or covered."),
]


@pytest.mark.parametrize("cases", [CANNOT, SLOW_TO_FAIL], ids=["at once", "after a while"])
async def test_what_cannot_be_filled_in_or_sent_is_told(attempt, shop, monkeypatch, cases):
    monkeypatch.setattr(browser_forms, "ACTION_MILLISECONDS", 500 if cases is SLOW_TO_FAIL else 5000)
    for failure, case in zip(await attempt(cases), cases, strict=True):
        assert isinstance(failure, ToolError)
        assert case.told in str(failure)
        assert not failure.transient
    assert not any(target.startswith("/thanks") for target in shop.asked)


async def test_an_error_after_the_form_was_sent_is_told(send):
    with pytest.raises(ToolError, match=r"/denied\?q=x answered 401 Unauthorized\.$") as failure:
        await send("<form action=/denied><input name=q></form>", {"q": "x"})
    assert not failure.value.transient


@pytest.mark.parametrize("method", ["get", "post"])
async def test_a_password_is_sent_and_never_told(send, shop, method):
    form = f"<form method={method} action=/echo><input type=password name=pw><input name=q><button>Go</button></form>"
    read = await send(form, {"pw": CANARY, "q": "kept"})
    [asked] = [target for target in shop.asked if target.startswith("/echo")]
    sent = asked.partition("?")[2] or next(filter(None, shop.bodies))
    assert parse_qsl(sent) == [("pw", CANARY), ("q", "kept")]
    assert not tells(str(read))
    assert "kept" in read["text"]


UNSENDABLE = [
    "<form action=/thanks><input type=password name=pw pattern=x></form>",
    "<input type=password name=pw>",
    "<input type=password name=pw readonly>",
    "<input type=date name=pw>",
    "<select name=pw><option>a</select>",
    "<input type=radio name=pw value=a>",
]


async def test_no_error_tells_what_was_to_be_filled_in(send, attempt, monkeypatch):
    with pytest.raises(ToolError) as denied:
        await send("<form action=/denied><input type=password name=pw></form>", {"pw": CANARY})
    monkeypatch.setattr(browser_forms, "ACTION_MILLISECONDS", 500)
    ended = [denied.value, *await attempt([Case(markup, {"pw": CANARY}) for markup in UNSENDABLE])]
    assert {type(each) for each in ended} == {ToolError}
    assert [str(each) for each in ended if tells(f"{each} {each.__cause__}")] == []


def tells(text: str) -> bool:
    """Whether a text holds the canary, or a part of it that no other text would."""
    return any(part in text for part in ("c4n", "wörd", "w%C3%B6rd", "wÃ¶rd"))
