"""Which hosts are left to a call that has been given secrets."""

import re

import pytest
from strategies import tool

from brain.addresses import BOUND_HOST
from brain.config_secrets import Redactor, SecretResolver
from brain.egress import BoundHosts, Egress, EgressPolicy
from brain.errors import EgressRefused
from brain.executor.grants import SecretGrant
from brain.tool_registry.definitions import SecretBinding


def may_reach(host: str, *bindings: tuple[str, ...]) -> bool:
    bound = BoundHosts()
    for number, hosts in enumerate(bindings):
        bound.bind(f"S{number}", hosts)
    try:
        bound.check(host)
    except EgressRefused:
        return False
    return True


EXACT, BELOW = ("api.example.com",), ("*.example.com",)
REACHED = [
    ("anything.example.org",),
    ("api.example.com", EXACT),
    ("API.Example.com.", EXACT),
    ("api.example.com", BELOW),
    ("a.b.example.com", BELOW),
    ("b.example.org", ("a.example.org", "b.example.org")),
    ("api.example.com", EXACT, BELOW),
    ("api.example.com", ("x.example.com", "api.example.com"), ("api.example.com", "y.example.com")),
    ("[::1]", ("::1",)),
    ("127.0.0.1", ("127.0.0.1",)),
]
REFUSED = [
    ("example.com", BELOW),
    ("example.com", EXACT),
    ("xapi.example.com", EXACT),
    ("api.example.com.evil.org", EXACT),
    ("api.example.com.evil.org", BELOW),
    ("evilexample.com", BELOW),
    ("api-example.com", BELOW),
    (".example.com", BELOW),
    ("2130706433", ("127.0.0.1",)),
    ("127.0.0.1", ("localhost",)),
    ("api.example.com", ()),
    ("api.example.com", EXACT, ()),
    ("api.example.com", EXACT, ("b.example.com",)),
    ("x.example.com", ("x.example.com", "api.example.com"), ("api.example.com", "y.example.com")),
]


@pytest.mark.parametrize("case", REACHED, ids=str)
def test_hosts_that_every_binding_names_are_left(case: tuple) -> None:
    assert may_reach(*case)


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_every_other_host_is_refused(case: tuple) -> None:
    assert not may_reach(*case)


@pytest.mark.parametrize(
    "host", ["api.example.com", "*.example.com", "localhost", "10.0.0.5", "::1", "[fe80::1]", "a_b.example"]
)
def test_a_binding_takes_hosts_addresses_and_domains_below_which_all_is_meant(host: str) -> None:
    assert BOUND_HOST.fullmatch(host)


@pytest.mark.parametrize(
    "host",
    [
        "*",
        "*.com",
        "*.",
        "a.*.com",
        "https://a.com",
        "a.com/",
        "a.com:443",
        "",
        " a.com",
        "a..com",
        "bü.example",
        "*a.com",
    ],
)
def test_a_binding_takes_nothing_that_could_not_match_or_would_match_all(host: str) -> None:
    assert not BOUND_HOST.fullmatch(host)


def test_the_refusal_names_secret_and_host_and_what_to_do() -> None:
    bound = BoundHosts()
    bound.bind("SHOP_TOKEN", ("api.shop.example", "*.cdn.example"))
    with pytest.raises(EgressRefused) as caught:
        bound.check("evil.example")
    assert str(caught.value) == (
        "this call has been given the secret SHOP_TOKEN, which may only go to api.shop.example, *.cdn.example; "
        "add evil.example to the hosts of SHOP_TOKEN in tools.json if the tool may reach it."
    )
    assert not caught.value.transient
    bound.bind("SIGNING_KEY", ())
    with pytest.raises(
        EgressRefused, match=r"given the secret SIGNING_KEY, which may go to no host; add api\.shop\.ex"
    ):
        bound.check("api.shop.example")


async def test_a_name_that_is_left_out_is_not_even_resolved() -> None:
    asked: list[str] = []

    async def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["93.184.215.14"]

    bound = BoundHosts()
    whole = Egress(resolver=resolver)
    own = whole.narrowed(bound)
    bound.bind("SHOP_TOKEN", ("api.shop.example",))
    with pytest.raises(EgressRefused, match="given the secret SHOP_TOKEN"):
        await own.addresses("the-value-itself.evil.example", 443)
    with pytest.raises(EgressRefused, match=re.escape("https://evil.example/?key=1 was refused: this call has been")):
        await own.get("https://evil.example/?key=1")
    assert asked == []
    assert own._certificates() is whole._certificates(), "they are dear, and not made for each call"
    await own.addresses("api.shop.example", 443)
    await whole.addresses("evil.example", 443)
    assert asked == ["api.shop.example", "evil.example"], "other calls go where they went"


async def test_a_binding_opens_no_host_that_is_not_public() -> None:
    bound = BoundHosts()
    own = Egress(EgressPolicy()).narrowed(bound)
    bound.bind("SHOP_TOKEN", ("127.0.0.1",))
    with pytest.raises(EgressRefused, match="is not a public address"):
        await own.addresses("127.0.0.1", 80)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("postgresql://u:pass-word@db.example.com:5432/sales", "db.example.com"),
        ("postgresql://u:pass-word@/sales?host=db.example.com", "db.example.com"),
        ("postgresql://u:pass-word@/sales?host=/run/postgresql", "localhost"),
        ("postgresql:///sales", "localhost"),
    ],
)
async def test_a_secret_that_is_a_url_may_go_to_the_host_in_it_and_nowhere_else(url: str, host: str) -> None:
    for own_host in (True, False):
        binding = SecretBinding(name="SALES_URL", own_host=own_host)
        reader = tool("sales.read", secrets=(binding,))
        grant = await SecretGrant.of(reader, SecretResolver({"SALES_URL": url}), Redactor({}))
        way = grant.narrow(Egress(EgressPolicy(allow=(host, "evil.example"))))
        assert grant.secret("SALES_URL") == url
        for asked in (host, "evil.example"):
            if own_host and asked == host:
                way.bound.check(asked)
            else:
                with pytest.raises(EgressRefused):
                    way.bound.check(asked)
