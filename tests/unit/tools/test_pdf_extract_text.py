"""PDF files, made here by matplotlib and pypdf."""

import io
import random
import re
import time

import pytest
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from pypdf import PdfReader, PdfWriter

from brain.errors import ToolError
from brain.tools import pdf


def written(writer: PdfWriter) -> bytes:
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def report() -> bytes:
    """Three pages with a title."""
    buffer = io.BytesIO()
    with PdfPages(buffer, metadata={"Title": "Rain\0 in 2012"}) as pages:
        for number in (1, 2, 3):
            figure = Figure()
            figure.text(0.1, 0.5, f"Page {number} says: žluť")
            pages.savefig(figure)
    return buffer.getvalue()


@pytest.fixture
def read(context, folder):
    async def of(content: bytes, **wanted: int) -> dict[str, object]:
        (folder / "a.pdf").write_bytes(content)
        return await pdf.extract_text("a.pdf", **wanted, context=context)

    return of


async def test_each_page_is_read(read, report):
    found = await read(report)
    assert [page["page"] for page in found["pages"]] == [1, 2, 3]
    assert [page["text"] for page in found["pages"]] == [f"Page {number} says: žluť" for number in (1, 2, 3)]
    assert found["text"] == "Page 1 says: žluť\n\nPage 2 says: žluť\n\nPage 3 says: žluť"
    assert (found["page_count"], found["limited"]) == (3, False)
    assert found["title"].startswith("Rain")
    assert "\0" not in found["title"]


async def test_some_pages_are_read(read, report):
    assert [page["page"] for page in (await read(report, first_page=2))["pages"]] == [2, 3]
    assert [page["page"] for page in (await read(report, first_page=2, last_page=2))["pages"]] == [2]
    assert [page["page"] for page in (await read(report, last_page=99))["pages"]] == [1, 2, 3]


@pytest.mark.parametrize(("first", "last"), [(4, None), (3, 2), (9, 12)])
async def test_pages_that_are_not_there_are_told(read, report, first, last):
    with pytest.raises(ToolError, match=rf"a\.pdf has no page from {first} to {last or 3}; it has 3\."):
        await read(report, first_page=first, last_page=last)


@pytest.mark.parametrize(("name", "value"), [("MOST_PAGES", 2), ("MOST_CHARACTERS", 25), ("SECONDS", -1)])
async def test_a_long_file_is_read_up_to_a_limit_which_is_said(read, report, monkeypatch, name, value):
    monkeypatch.setattr(pdf, name, value)
    found = await read(report)
    assert found["limited"]
    assert len(found["pages"]) == (1 if name == "SECONDS" else 2)
    assert found["page_count"] == 3


async def test_a_file_with_a_password_is_told(read, report):
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(report)))
    writer.encrypt("hunter2", algorithm="AES-256")
    with pytest.raises(ToolError, match=r"a\.pdf is encrypted and needs a password; save a copy without one"):
        await read(written(writer))


async def test_a_file_that_only_its_owner_may_change_is_read(read, report):
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(report)))
    writer.encrypt("", "owner", algorithm="AES-256")
    assert "žluť" in (await read(written(writer)))["text"]


async def test_scanned_pages_are_told(read):
    buffer = io.BytesIO()
    figure = Figure()
    figure.figimage([[0.0, 1.0], [1.0, 0.0]])
    figure.savefig(buffer, format="pdf")
    with pytest.raises(ToolError, match=r"a\.pdf holds no text on the pages 1 to 1: .* \(OCR\)"):
        await read(buffer.getvalue())


@pytest.mark.parametrize("content", [b"", b"hello", b"<html>%PDF", b" " * 2000 + b"%PDF-1.7"])
async def test_another_file_is_told(read, content):
    with pytest.raises(ToolError, match=r"a\.pdf is no PDF file|a\.pdf is broken"):
        await read(content)


async def test_a_damaged_file_is_read_or_told_in_one_sentence(read, report):
    chance, told = random.Random(3), 0
    for _ in range(60):
        damaged = bytearray(report[: chance.choice([len(report), chance.randrange(len(report))])])
        for _ in range(chance.choice([1, 20, 200])):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            await read(bytes(damaged))
        except ToolError as exc:
            assert re.fullmatch(r"a\.pdf .*\.", str(exc))  # noqa: PT017 - either is an answer
            told += 1
    assert told > 10


async def test_a_page_that_unpacks_without_end_is_told(read):
    writer = PdfWriter()
    page = writer.add_blank_page(100, 100)
    from pypdf.generic import DecodedStreamObject, NameObject

    stream = DecodedStreamObject()
    stream.set_data(b" " * 200_000_000)
    page[NameObject("/Contents")] = writer._add_object(stream.flate_encode())
    content = written(writer)
    assert len(content) < 1_000_000
    started = time.monotonic()
    with pytest.raises(ToolError, match=r"a\.pdf (is broken|holds no text)"):
        await read(content)
    assert time.monotonic() - started < 60


async def test_a_file_comes_from_one_place_inside_the_project(context, folder, report):
    for given in ({}, {"path": "a.pdf", "url": "http://e.example/a.pdf"}):
        with pytest.raises(ToolError, match="takes either path or url"):
            await pdf.extract_text(**given, context=context)
    (folder.parent / "outside.pdf").write_bytes(report)
    with pytest.raises(ToolError, match="outside the project folder"):
        await pdf.extract_text("../outside.pdf", context=context)
    (folder / "report.pdf").write_bytes(report)
    with pytest.raises(ToolError, match=r"There is no file repot\.pdf .*Did you mean report\.pdf"):
        await pdf.extract_text("repot.pdf", context=context)
