"""A form in a page: its fields found by label, name or selector, filled in, and sent.

No message and no result tells what was typed into a password field; no message tells any value.
"""

import html
import json
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import quote, quote_plus

from playwright.async_api import Dialog, ElementHandle, Error, Locator, Page
from playwright.async_api import TimeoutError as PageTimeout

from brain.errors import ToolError
from brain.nearest import did_you_mean
from brain.tools.visit import shown

__all__ = ["FieldValue", "Form"]

type FieldValue = str | float | bool | Sequence[str]

ACTION_MILLISECONDS = 5000
MOST_NAMES = 20
"""Fields that a message lists."""
SHAPED = frozenset({"date", "time", "datetime-local", "month", "week", "color", "range"})
"""Kinds of input that stay as they were where a value does not fit."""
NOT_TAKEN = ("Malformed value", "Cannot type text", "is not an <input>")
"""What Playwright says where a value does not fit the kind of field."""
CENSORED = "[password]"
SHORTEST_CENSORED = 4
"""Characters; a shorter password would be found in ordinary words."""

FIELDS = "css=input:not([type=hidden]), textarea, select, [contenteditable]"
NAMES = """fields => fields.map(f => f.labels?.[0]?.innerText.trim() || f.name || f.placeholder || f.id)
  .filter(name => typeof name === 'string' && name)"""
KIND = "f => String(f.type || 'text')"
OPTIONS = "fields => fields.map(f => [String(f.value), f.labels?.[0]?.innerText.trim() ?? ''])"
TICK = "(f, on) => { if (f.checked !== on) f.click(); return f.checked === on }"
FORM = "e => e.form ?? e.closest('form')"
# A field may be called as a property of its form is; the prototype's cannot be hidden so.
ELEMENTS = "[...Object.getOwnPropertyDescriptor(HTMLFormElement.prototype, 'elements').get.call(form)]"
BUTTON = f"form => {ELEMENTS}.find(e => e.type === 'submit') ?? form.querySelector('input[type=image]')"
WRONG = f"form => form.noValidate ? [] : {ELEMENTS}.filter(e => e.willValidate && !e.validity.valid)"
STAY = "(form, button) => { form.removeAttribute('target'); button?.removeAttribute('formtarget') }"
SEND = "form => HTMLFormElement.prototype.requestSubmit.call(form)"


class Form:
    """The form of a page that holds the fields which are filled in."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._last: Locator | None = None
        self._passwords: list[str] = []
        self._password_names: set[str] = set()
        page.on("dialog", _agree)

    async def fill(self, name: str, value: FieldValue) -> None:
        """Fill in the field that a label, a name or a CSS selector fits; raises ToolError."""
        fields = await self._fields(name)
        kind: str = await fields.first.evaluate(KIND)
        try:
            await self._fill(fields, kind, value)
        except _Misfit as misfit:
            raise ToolError(f"The field {name!r} of {shown(self._page.url)} {misfit}.") from None
        self._last = fields.first

    async def submit(self, selector: str | None) -> None:
        """Send the form: by the button that a CSS selector fits, else by its first one, else without; ToolError."""
        button = await self._named_button(selector) if selector else None
        form = await self._form(button)
        if form is not None:
            button = button or (await form.evaluate_handle(BUTTON)).as_element()
            await self._check(form)
            await form.evaluate(STAY, button)  # its answer belongs in this page, not in a window of its own
        if button is not None:
            await self._click(button)
        elif form is not None:
            await form.evaluate(SEND)
        else:
            raise ToolError(f"The fields of {shown(self._page.url)} stand in no form: name the button with submit.")

    def censored(self, text: str) -> str:
        """A text without the passwords that were filled in, as they are and as addresses and HTML write them."""
        for name in self._password_names:  # in an address a password stands in the page's encoding, whichever it is
            text = re.sub(rf"([?&]{re.escape(quote_plus(name))}=)[^&#\s]*", rf"\1{CENSORED}", text)
        for password in self._passwords:
            for written in {password, quote(password, safe=""), quote_plus(password), html.escape(password)}:
                text = text.replace(written, CENSORED)
        return text

    async def _fields(self, name: str) -> Locator:
        page = self._page
        for found in (
            page.get_by_label(name, exact=True),
            page.locator(f"css=[name={json.dumps(name, ensure_ascii=False)}]"),
            page.get_by_label(name),
            page.get_by_placeholder(name, exact=True),
            page.locator(f"css={name}"),
        ):
            fields = found.and_(page.locator(FIELDS))
            if await _count(fields):
                return fields
        names: list[str] = await page.locator(FIELDS).evaluate_all(NAMES)
        listed = f" It has {', '.join(map(repr, names[:MOST_NAMES]))}." if names else " It has none at all."
        raise ToolError(f"{shown(page.url)} has no field {name!r}.{did_you_mean(name, names) or listed}")

    async def _fill(self, fields: Locator, kind: str, value: FieldValue) -> None:
        if kind != "radio" and (count := await fields.count()) > 1:
            raise _Misfit(f"is not the only one of that name, of which there are {count}: give a CSS selector")
        match kind:
            case "radio":
                await _choose(fields, value)
            case "checkbox":
                await _tick(fields, value)
            case "select-one" | "select-multiple":
                chosen = [str(each) for each in value] if isinstance(value, list | tuple) else [_text(value)]
                await _acted(fields.select_option(chosen, timeout=ACTION_MILLISECONDS), "or has no such option")
            case "file":
                raise _Misfit("asks for a file, and files are not uploaded")
            case "submit" | "button" | "reset" | "image":
                raise _Misfit("is a button: name it with submit")
            case _:
                text = _text(value)
                if kind == "password":
                    await self._remember(fields.first, text)
                await _acted(fields.fill(text, timeout=ACTION_MILLISECONDS), "or read-only")
                if kind in SHAPED and (await fields.input_value()).lower() != text.lower():
                    raise _Misfit("does not take this value, as a date must be written 2026-12-31 and a time 23:59")

    async def _remember(self, field: Locator, password: str) -> None:
        if name := await field.get_attribute("name"):
            self._password_names.add(name)
        if len(password) >= SHORTEST_CENSORED:
            self._passwords.append(password)

    async def _named_button(self, selector: str) -> ElementHandle:
        found = self._page.locator(f"css={selector}")
        count = await _count(found)
        if count != 1:
            raise ToolError(f"{selector!r} fits {count or 'no'} elements of {shown(self._page.url)}, not one button.")
        return await found.element_handle(timeout=ACTION_MILLISECONDS)

    async def _form(self, button: ElementHandle | None) -> ElementHandle | None:
        inside = button or (await self._last.element_handle(timeout=ACTION_MILLISECONDS) if self._last else None)
        return (await inside.evaluate_handle(FORM)).as_element() if inside else None

    async def _check(self, form: ElementHandle) -> None:
        """Where a field is wrong a browser says so beside it, and sends nothing."""
        names: list[str] = await form.evaluate(f"form => ({NAMES})(({WRONG})(form))")
        if names:
            raise ToolError(
                f"The form of {shown(self._page.url)} was not sent: it does not take what is, or is not, in "
                f"{', '.join(map(repr, names[:MOST_NAMES]))}."
            )

    async def _click(self, button: ElementHandle) -> None:
        try:
            await button.click(timeout=ACTION_MILLISECONDS)
        except PageTimeout:
            raise ToolError(
                f"The button of {shown(self._page.url)} cannot be clicked: it is hidden, disabled or covered."
            ) from None


class _Misfit(Exception):
    """What is wrong with a field, as the end of a sentence."""


async def _choose(fields: Locator, value: FieldValue) -> None:
    """Tick the one of several radio buttons that the value names, or the only one."""
    options: list[list[str]] = await fields.evaluate_all(OPTIONS)
    if value is True and len(options) == 1:
        await _tick(fields, value)
        return
    at = next((index for index, option in enumerate(options) if value in option), None)
    if at is None:
        raise _Misfit(f"has no such choice; it has {', '.join(repr(label or name) for name, label in options)}")
    await _tick(fields.nth(at), value=True)


async def _tick(field: Locator, value: FieldValue) -> None:
    """By a click of its own, because pages hide boxes and draw others in their place."""
    if not isinstance(value, bool):
        raise _Misfit("is a box to tick: give true or false")
    if not await field.evaluate(TICK, value, timeout=ACTION_MILLISECONDS):
        raise _Misfit("cannot be ticked so; it may be disabled")


def _text(value: FieldValue) -> str:
    match value:
        case bool() | list() | tuple():
            raise _Misfit("takes text or a number")
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value)


async def _acted(action: Any, also: str) -> None:
    """Await an action on a field; the library's own messages hold the value."""
    try:
        await action
    except PageTimeout:
        raise _Misfit(f"cannot be filled in: it is hidden, disabled {also}") from None
    except Error as exc:
        if any(said in exc.message for said in NOT_TAKEN):
            raise _Misfit("does not take this value") from None
        raise


async def _count(found: Locator) -> int:
    """How many elements; none where the selector is none."""
    with suppress(Error):
        return await found.count()
    return 0


async def _agree(dialog: Dialog) -> None:
    """A question such as "Really send it?" is answered by the approval that the call has."""
    with suppress(Error):
        await dialog.accept()
