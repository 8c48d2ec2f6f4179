"""Feeds from their source; from an address they are read in tests/integration/test_tools_web.py."""

from datetime import UTC, datetime

import pytest

from brain.errors import ToolError
from brain.tools.feed import read

RSS = """<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>
<title>News</title>
<item><title>Rain &amp;amp; &lt;b&gt;sun&lt;/b&gt;</title><link>https://e.example/1</link><guid>g1</guid>
<pubDate>Wed, 21 Oct 2015 09:28:00 +0200</pubDate><author>ann@e.example</author><category>a</category>
<category>b</category><description>&lt;p&gt;Short&lt;/p&gt;&lt;script&gt;x()&lt;/script&gt;</description>
<content:encoded>&lt;p&gt;Long &lt;b&gt;text&lt;/b&gt;&lt;/p&gt;</content:encoded></item>
<item><title>No date</title><pubDate>tomorrow</pubDate></item></channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><title>A</title><id>1</id>
<link href="https://e.example/a"/><updated>2020-01-02T03:04:05Z</updated><author><name>Ann</name></author>
<summary>Sum</summary></entry></feed>"""
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(12))
    + ']><rss version="2.0"><channel><item><title>x&a12;</title></item></channel></rss>'
)


async def test_an_rss_feed_is_a_table_of_its_entries(context):
    table = await read(text=RSS, context=context)
    first, second = table.to_pylist()
    assert first == {
        "title": "Rain & sun", "url": "https://e.example/1", "published": datetime(2015, 10, 21, 7, 28, tzinfo=UTC),
        "updated": None, "author": "ann@e.example", "summary": "Short", "content": "<p>Long <b>text</b></p>",
        "tags": "a, b", "id": "g1",
    }  # fmt: skip
    assert (second["title"], second["published"]) == ("No date", None)


async def test_an_atom_feed_too(context):
    (entry,) = (await read(text=ATOM, context=context)).to_pylist()
    assert entry["updated"] == datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (entry["author"], entry["summary"], entry["published"], entry["id"]) == ("Ann", "Sum", None, "1")


async def test_a_feed_without_entries_is_an_empty_table(context):
    table = await read(text='<rss version="2.0"><channel><title>x</title></channel></rss>', context=context)
    assert (table.num_rows, table.num_columns) == (0, 9)


@pytest.mark.parametrize("text", ["", "hello", "<html><body>x</body></html>", "{}", "/etc/passwd", "http://127.0.0.1/"])
async def test_text_that_is_no_feed_is_told_and_nothing_is_opened(context, text):
    with pytest.raises(ToolError, match="The text is no RSS or Atom feed"):
        await read(text=text, context=context)


async def test_a_feed_cannot_read_files(context, tmp_path):
    (tmp_path / "secret").write_text("canary")
    head = f'<!DOCTYPE rss [<!ENTITY a SYSTEM "file://{tmp_path}/secret"><!ENTITY b SYSTEM "http://127.0.0.1:1/">]>'
    item = "<item><title>x&a;y&b;z</title></item>"
    text = f'<?xml version="1.0"?>{head}<rss version="2.0"><channel>{item}</channel></rss>'
    table = await read(text=text, context=context)
    assert "canary" not in str(table.to_pylist())


async def test_a_feed_cannot_grow_without_end(context):
    assert (await read(text=BOMB, context=context)).nbytes < 1000


async def test_a_broken_feed_gives_what_can_be_read(context):
    table = await read(
        text='<rss version="2.0"><channel><item><title>One</title></item><item><title>Tw', context=context
    )
    assert table.column("title").to_pylist()[0] == "One"


@pytest.mark.parametrize("given", [{}, {"url": "http://e.example/", "text": ATOM}])
async def test_a_feed_comes_from_one_place(context, given):
    with pytest.raises(ToolError, match="takes either url or text"):
        await read(**given, context=context)
