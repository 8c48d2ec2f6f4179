"""What the policy refuses before anything is sent; real fetches are in tests/integration/test_tools_web.py."""

import pytest

from brain.egress import Egress, EgressPolicy, FetchedPage
from brain.errors import EgressRefused, SettingsError, ToolError

NAMES = {
    "localhost": ["127.0.0.1", "::1"],
    "localhost.": ["127.0.0.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "127.0.0.1.nip.io": ["127.0.0.1"],
    "intranet.example": ["10.0.0.5"],
    "six.example": ["::ffff:192.168.1.1", "fd00::1"],
    "nowhere.example": [],
}

HOSTILE = [
    "http://127.0.0.1/",
    "http://127.0.0.1:6379/",
    "https://127.0.0.1/",
    "http://127.8.8.8/",
    "http://127.1/",
    "http://127.0.1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://2130706433/",
    "http://3232235521/",
    "http://0x7f000001/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://127.0.0.1./",
    "http://127。0。0。1/",
    "http://①②⑦.0.0.1/",
    "http://%31%32%37.0.0.1/",
    "http://10.0.0.1/",
    "http://172.31.255.255/",
    "http://192.168.1.1/admin",
    "http://100.64.0.1/",
    "http://100.100.100.200/latest/meta-data/",
    "http://169.254.169.254/latest/meta-data/",
    "http://168.63.129.16/machine",
    "http://192.0.0.192/",
    "http://198.18.0.1/",
    "http://224.0.0.251/",
    "http://255.255.255.255/",
    "http://[::]/",
    "http://[::1]/",
    "http://[::1]:5432/",
    "http://[::127.0.0.1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:7f00:1::]/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[fd00:ec2::254]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://lo%63alhost/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://127.0.0.1.nip.io/",
    "http://intranet.example/",
    "http://six.example/",
    "http://nowhere.example/",
    "http://public.example@127.0.0.1/",
    "http://public.example\\@127.0.0.1/",
    "http://public.example%2f@127.0.0.1/",
    "http://user:hunter2@localhost/",
    "file:///etc/passwd",
    "ftp://127.0.0.1/",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "data:text/plain,hello",
    "javascript:alert(1)",
    "unix:///var/run/docker.sock",
    "//127.0.0.1/",
    "127.0.0.1",
    "http://",
    "http:///etc/passwd",
    "http://[::1",
    "http://me:hunter2@[::1",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1\r\nHost: public.example/",
    "",
]


async def known_names(host: str, _port: int) -> list[str]:
    if host not in NAMES:
        pytest.fail(f"{host} was about to be looked up")
    return NAMES[host]


@pytest.mark.parametrize("url", HOSTILE)
async def test_a_hostile_address_is_refused_before_connecting(url):
    with pytest.raises(EgressRefused) as refusal:
        await Egress(resolver=known_names).get(url)
    assert "hunter2" not in str(refusal.value)


def test_the_table_of_hostile_addresses_is_long_enough():
    assert len(set(HOSTILE)) >= 40


async def test_a_refusal_says_what_which_and_what_next():
    with pytest.raises(EgressRefused) as refusal:
        await Egress(resolver=known_names).get("http://me:hunter2@intranet.example/wiki")
    assert str(refusal.value) == (
        "http://intranet.example/wiki was refused: intranet.example (10.0.0.5) is not a public address; "
        "add intranet.example to BRAIN_ALLOW_HOSTS if tools may reach it."
    )
    assert not refusal.value.transient


async def test_of_several_addresses_only_those_that_are_allowed_are_kept():
    async def mixed(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1", "8.8.8.8", "10.0.0.1", "2606:4700:4700::1111"]

    found = await Egress(resolver=mixed).addresses("mixed.example", 443)
    assert [str(address) for address in found] == ["8.8.8.8", "2606:4700:4700::1111"]


async def test_an_allowed_host_is_not_an_allowed_address():
    egress = Egress(EgressPolicy(allow=("intranet.example",)), known_names)
    assert [str(address) for address in await egress.addresses("intranet.example", 80)] == ["10.0.0.5"]
    with pytest.raises(EgressRefused):
        await egress.addresses("10.0.0.5", 80)


async def test_a_name_that_nobody_knows_is_told():
    with pytest.raises(ToolError, match=r"The host no-such-host\.invalid was not found"):
        await Egress().get("http://no-such-host.invalid/")


@pytest.mark.parametrize(
    ("headers", "complaint"),
    [
        ({"Host": "127.0.0.1"}, "The header Host for https://public.example/ cannot be chosen"),
        ({"transfer-encoding": "chunked"}, "cannot be chosen"),
        ({"Proxy-Authorization": "x"}, "cannot be chosen"),
        ({"X-Evil": "a\r\nHost: b"}, "characters that HTTP does not take"),
        ({"X Evil": "a"}, "characters that HTTP does not take"),
    ],
)
async def test_headers_that_steer_the_connection_are_refused(headers, complaint):
    with pytest.raises(ToolError, match=complaint):
        await Egress(resolver=known_names).get("https://public.example/", headers)


def test_a_setting_that_could_never_match_is_told_at_once():
    with pytest.raises(SettingsError, match="without scheme, port or path"):
        Egress(EgressPolicy(allow=("http://intranet.example/",)))


def test_text_never_holds_what_a_database_refuses():
    page = FetchedPage("https://x.example/", 200, {}, b"\xef\xbb\xbfa\x00b\xff", "text/plain", "utf-8")
    assert page.text == "a\ufffdb\ufffd"
