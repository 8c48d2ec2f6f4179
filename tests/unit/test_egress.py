"""What the policy refuses before anything is sent; what is hostile is in tests/hostile_targets.py."""

import pytest

from brain.egress import Egress, EgressPolicy, FetchedPage
from brain.errors import EgressRefused, SettingsError, ToolError

NAMES = {
    "intranet.example": ["10.0.0.5"],
    "wiki.intranet.example": ["10.0.0.6"],
    "public.example": ["8.8.8.8"],
    "moved.example": ["10.0.0.5", "8.8.8.8"],
}


async def known_names(host: str, _port: int) -> list[str]:
    if host not in NAMES:
        pytest.fail(f"{host} was about to be looked up")
    return NAMES[host]


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


async def test_beyond_the_only_hosts_nothing_is_reached_or_even_looked_up():
    egress = Egress(EgressPolicy(only=("public.example", "*.example.org", "9.9.9.9")), known_names)
    assert [str(address) for address in await egress.addresses("public.example", 443)] == ["8.8.8.8"]
    assert [str(address) for address in await egress.addresses("9.9.9.9", 443)] == ["9.9.9.9"]
    with pytest.raises(EgressRefused) as refusal:
        await egress.get("https://moved.example/a")
    assert str(refusal.value) == (
        "https://moved.example/a was refused: moved.example (10.0.0.5) is not in BRAIN_ONLY_HOSTS, and nothing else is "
        "reached; add it there if tools may reach it."
    )
    names_only = Egress(EgressPolicy(only=("public.example",)), known_names)
    with pytest.raises(EgressRefused, match=r"unheard-of\.example is not in BRAIN_ONLY_HOSTS"):
        await names_only.addresses("unheard-of.example", 443)


async def test_the_only_hosts_must_be_public_or_allowed_as_well():
    closed = Egress(EgressPolicy(only=("*.example", "10.0.0.0/8")), known_names)
    with pytest.raises(EgressRefused, match=r"add intranet\.example to BRAIN_ALLOW_HOSTS"):
        await closed.addresses("intranet.example", 80)
    opened = Egress(EgressPolicy(only=("10.0.0.0/8",), allow=("10.0.0.0/8",)), known_names)
    assert [str(address) for address in await opened.addresses("intranet.example", 80)] == ["10.0.0.5"]
    assert [str(address) for address in await opened.addresses("moved.example", 80)] == ["10.0.0.5"]
    with pytest.raises(EgressRefused, match=r"public\.example \(8\.8\.8\.8\) is not in BRAIN_ONLY_HOSTS"):
        await opened.addresses("public.example", 80)


@pytest.mark.parametrize("port", [0, 22, 25, 6667, 65_536])
async def test_a_port_of_another_service_is_refused_everywhere(port):
    with pytest.raises(EgressRefused, match=f"port {port} of public.example is not one where web pages are served"):
        await Egress(resolver=known_names).addresses("public.example", port)


async def test_a_host_of_ones_own_may_serve_pages_on_any_port():
    own = Egress(EgressPolicy(allow=("public.example",)), known_names)
    assert await own.addresses("public.example", 6000)
    with pytest.raises(EgressRefused):
        await own.addresses("public.example", 0)


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


@pytest.mark.parametrize("name", ["allow", "only"])
def test_a_setting_that_could_never_match_is_told_at_once(name):
    with pytest.raises(SettingsError, match=f"BRAIN_{name.upper()}_HOSTS names .* without scheme, port or path"):
        Egress(EgressPolicy(**{name: ("http://intranet.example/",)}))


def test_text_never_holds_what_a_database_refuses():
    page = FetchedPage("https://x.example/", 200, {}, b"\xef\xbb\xbfa\x00b\xff", "text/plain", "utf-8")
    assert page.text == "a\ufffdb\ufffd"
