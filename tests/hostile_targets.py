"""Addresses that no tool may reach, as data: each of them must be refused, over HTTP and in a browser alike.

Two servers listen on one `port`: a site on SITE_ADDRESS, which the policy of the tests allows, and on 127.0.0.1 and ::1
a victim, which nothing may connect to. The site answers `/to?URL` with a redirect to that URL, `/to/307?URL` and
`/to/308?URL` with one that keeps the method.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["SITE_ADDRESS", "TARGETS", "ChangingNames", "HostileTarget", "Kind"]

SITE_ADDRESS = "127.0.0.3"
PUBLIC = "93.184.215.14"


class Kind(StrEnum):
    """What makes a target hostile."""

    ADDRESS = "an address that is not public, in whatever notation"
    NAME = "a name that leads to one"
    CHANGING = "a name that leads elsewhere when it is looked up again"
    REDIRECT = "a public page that redirects to one"
    SCHEME = "something else than a web page"
    PORT = "a port of another service"
    MALFORMED = "an address that different programs read differently"


@dataclass(frozen=True, slots=True)
class HostileTarget:
    """A URL with `{port}` for the port of both servers and `{site}` for the address of the site."""

    kind: Kind
    template: str
    answers: tuple[tuple[str, ...], ...] = ()
    """What the host's name resolves to, one look-up after another; the last answer stays."""

    @property
    def host(self) -> str:
        """The name that `answers` are for."""
        return self.template.partition("//")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]

    def url(self, port: int) -> str:
        """The address on servers that listen on `port`."""
        return self.template.replace("{site}", f"http://{SITE_ADDRESS}:{port}").replace("{port}", str(port))


class ChangingNames:
    """A resolver that knows the names of the targets alone; it counts what it was asked."""

    def __init__(self, targets: Sequence[HostileTarget]) -> None:
        self._answers = {target.host: target.answers for target in targets if target.answers}
        self.asked: list[str] = []

    async def __call__(self, host: str, _port: int) -> Sequence[str]:
        """The next answer for a name."""
        answers = self._answers[host.lower()]
        before = self.asked.count(host)
        self.asked.append(host)
        return answers[min(before, len(answers) - 1)]


def _addresses(*urls: str) -> list[HostileTarget]:
    return [HostileTarget(Kind.ADDRESS, url) for url in urls]


def _name(host: str, *addresses: str, path: str = "/") -> HostileTarget:
    return HostileTarget(Kind.NAME, f"http://{host}:{{port}}{path}", (addresses,))


TARGETS: tuple[HostileTarget, ...] = (
    # 127.0.0.1 and its network, as different as addresses can be written
    *_addresses(
        "http://127.0.0.1:{port}/",
        "https://127.0.0.1:{port}/",
        "http://127.0.0.1.:{port}/",
        "http://127.8.8.8:{port}/",
        "http://127.255.255.254:{port}/",
        "http://127.1:{port}/",
        "http://127.0.1:{port}/",
        "http://127.00.00.01:{port}/",
        "http://2130706433:{port}/",
        "http://2130706433.:{port}/",
        "http://0x7f000001:{port}/",
        "http://0X7F000001:{port}/",
        "http://0x7f.1:{port}/",
        "http://0x7f.0x0.0x0.0x1:{port}/",
        "http://0x7f.0.0x000001:{port}/",
        "http://017700000001:{port}/",
        "http://0177.0.0.1:{port}/",
        "http://0177.0x0.0.1:{port}/",
        "http://00000177.0.0.1:{port}/",
        "http://0:{port}/",
        "http://0.0.0.0:{port}/",
        "http://0x0:{port}/",
    ),
    # with characters that names are normalised from (NFKC), percent-encoding, and capitals
    *_addresses(
        "http://①②⑦.0.0.1:{port}/",
        "http://１２７.０.０.１:{port}/",
        "http://127。0。0。1:{port}/",
        "http://127．0．0．1:{port}/",
        "http://𝟏𝟐𝟕.0.0.1:{port}/",
        "http://⑫7.0.0.1:{port}/",
        "http://%31%32%37.0.0.1:{port}/",
        "http://127%2e0%2e0%2e1:{port}/",
        "http://%30x7f000001:{port}/",
    ),
    # IPv6, and IPv4 inside it: mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP, with zones
    *_addresses(
        "http://[::1]:{port}/",
        "http://[0:0:0:0:0:0:0:1]:{port}/",
        "http://[0000:0000:0000:0000:0000:0000:0000:0001]:{port}/",
        "http://[::]:{port}/",
        "http://[::127.0.0.1]:{port}/",
        "http://[::7f00:1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://[::ffff:7f00:1]:{port}/",
        "http://[0:0:0:0:0:FFFF:7F00:0001]:{port}/",
        "http://[::ffff:0:127.0.0.1]:{port}/",
        "http://[::ffff:0.0.0.0]:{port}/",
        "http://[::ffff:169.254.169.254]:{port}/",
        "http://[64:ff9b::127.0.0.1]:{port}/",
        "http://[64:ff9b::7f00:1]:{port}/",
        "http://[64:ff9b::a9fe:a9fe]:{port}/",
        "http://[64:ff9b:1::7f00:1]:{port}/",
        "http://[2002:7f00:1::]:{port}/",
        "http://[2002:a9fe:a9fe::1]:{port}/",
        "http://[2001:0:7f00:1::]:{port}/",
        "http://[2001::80ff:fffe]:{port}/",
        "http://[fe80::5efe:127.0.0.1]:{port}/",
        "http://[fe80::1]:{port}/",
        "http://[fe80::1%25eth0]:{port}/",
        "http://[fe80::1%25lo]:{port}/",
        "http://[::1%25lo]:{port}/",
        "http://[fc00::1]:{port}/",
        "http://[fd12:3456:789a::1]:{port}/",
        "http://[fec0::1]:{port}/",
        "http://[ff02::1]:{port}/",
        "http://[2001:db8::1]:{port}/",
        "http://[100::1]:{port}/",
    ),
    # other networks that are not public
    *_addresses(
        "http://10.0.0.1:{port}/",
        "http://167772161:{port}/",
        "http://172.16.0.1:{port}/",
        "http://172.31.255.255:{port}/",
        "http://192.168.1.1:{port}/admin",
        "http://0xc0a80101:{port}/",
        "http://100.64.0.1:{port}/",
        "http://192.0.2.1:{port}/",
        "http://192.88.99.1:{port}/",
        "http://198.18.0.1:{port}/",
        "http://203.0.113.7:{port}/",
        "http://224.0.0.251:{port}/",
        "http://240.0.0.1:{port}/",
        "http://255.255.255.255:{port}/",
    ),
    # where clouds keep the keys of a machine: AWS, GCP, Azure; ECS; Azure; Alibaba; Oracle; AWS over IPv6
    *_addresses(
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
        "http://169.254.169.254:80/metadata/instance?api-version=2021-02-01",
        "http://2852039166/latest/meta-data/",
        "http://0xa9fea9fe/latest/meta-data/",
        "http://0251.0376.0251.0376/latest/meta-data/",
        "http://169.254.43518/latest/meta-data/",
        "http://169.254.170.2/v2/credentials/",
        "http://168.63.129.16/machine?comp=goalstate",
        "http://100.100.100.200/latest/meta-data/",
        "http://192.0.0.192/latest/",
        "http://[fd00:ec2::254]/latest/meta-data/",
    ),
    # names
    _name("localhost", "127.0.0.1", "::1"),
    _name("localhost.", "127.0.0.1"),
    HostileTarget(Kind.NAME, "http://LOCALHOST:{port}/", (("127.0.0.1",),)),
    HostileTarget(Kind.NAME, "http://lo%63alhost:{port}/"),
    HostileTarget(Kind.NAME, "http://ｌｏｃａｌｈｏｓｔ:{port}/"),
    _name("localhost.localdomain", "127.0.0.1"),
    _name("ip6-localhost", "::1"),
    _name("app.localhost", "::1", "127.0.0.1"),
    _name("127.0.0.1.nip.io", "127.0.0.1"),
    _name("7f000001.example", "127.0.0.1"),
    _name("intranet.example", "10.0.0.5"),
    _name("mapped.example", "::ffff:127.0.0.1"),
    _name("compatible.example", "::127.0.0.1"),
    _name("nat64.example", "64:ff9b::7f00:1"),
    _name("sixtofour.example", "2002:7f00:1::"),
    _name("zone.example", "fe80::1%lo"),
    _name("several.example", "10.0.0.5", "127.0.0.1", "fd00::1"),
    _name("nowhere.example"),
    _name("xn--bcher-kva.example", "127.0.0.1"),
    HostileTarget(Kind.NAME, "http://bücher.example:{port}/"),
    _name("metadata.google.internal", "169.254.169.254", path="/computeMetadata/v1/"),
    _name("kubernetes.default.svc", "10.96.0.1"),
    _name("host.docker.internal", "192.168.65.2"),
    # a public name or address in front, which is not the host
    *_addresses(
        "http://public.example@127.0.0.1:{port}/",
        "http://public.example:80@127.0.0.1:{port}/",
        "http://public.example%2f@127.0.0.1:{port}/",
        "http://public.example%23@127.0.0.1:{port}/",
        "http://me:hunter2@127.0.0.1:{port}/",
        "http://@127.0.0.1:{port}/",
        "http://a@b@127.0.0.1:{port}/",
    ),
    HostileTarget(Kind.MALFORMED, "http://public.example\\@127.0.0.1:{port}/"),
    HostileTarget(Kind.MALFORMED, "http://127.0.0.1:{port}\\@public.example/"),
    HostileTarget(Kind.MALFORMED, "http://127.0.0.1:{port}#@public.example/"),
    HostileTarget(Kind.MALFORMED, "http://127.0.0.1:{port}?@public.example/"),
    HostileTarget(Kind.MALFORMED, "http://127.0.0.1%00.public.example:{port}/"),
    HostileTarget(Kind.MALFORMED, "http://127.0.0.1\r\nHost: public.example/"),
    HostileTarget(Kind.MALFORMED, "http://127.0.0.1:{port}:80/"),
    HostileTarget(Kind.MALFORMED, "http://[::1/"),
    HostileTarget(Kind.MALFORMED, "http://[127.0.0.1]:{port}/"),
    HostileTarget(Kind.MALFORMED, "http://::1:{port}/"),
    HostileTarget(Kind.MALFORMED, "http://127.0.0.1:99999/"),
    HostileTarget(Kind.MALFORMED, "http:///127.0.0.1:{port}/"),
    HostileTarget(Kind.MALFORMED, "http:127.0.0.1:{port}/"),
    HostileTarget(Kind.MALFORMED, "//127.0.0.1:{port}/"),
    HostileTarget(Kind.MALFORMED, "127.0.0.1:{port}"),
    HostileTarget(Kind.MALFORMED, "http://"),
    # names that change their mind after the first and after the second look-up
    HostileTarget(Kind.CHANGING, "http://rebind-1.example:{port}/", ((SITE_ADDRESS,), ("127.0.0.1",))),
    HostileTarget(Kind.CHANGING, "http://rebind-2.example:{port}/", ((SITE_ADDRESS,), (SITE_ADDRESS,), ("127.0.0.1",))),
    HostileTarget(Kind.CHANGING, "http://rebind-6.example:{port}/", ((SITE_ADDRESS,), ("::1",))),
    HostileTarget(Kind.CHANGING, "http://rebind-0.example:{port}/", ((SITE_ADDRESS,), ("0.0.0.0",))),
    # public pages that lead on
    *(
        HostileTarget(Kind.REDIRECT, f"{{site}}/{by}?{to}")
        for by in ("to", "to/307", "to/308")
        for to in (
            "http://127.0.0.1:{port}/",
            "http://[::1]:{port}/",
            "//127.0.0.1:{port}/",
            "http://2130706433:{port}/",
            "http://169.254.169.254/latest/meta-data/",
            "file:///etc/passwd",
            "gopher://127.0.0.1:{port}/",
            "{site}/to?{site}/to?http://127.0.0.1:{port}/",
        )
    ),
    # no web pages
    *(
        HostileTarget(Kind.SCHEME, url)
        for url in (
            "file:///etc/passwd",
            "file://localhost/etc/passwd",
            "FILE:///etc/passwd",
            "ftp://127.0.0.1:{port}/",
            "gopher://127.0.0.1:{port}/_FLUSHALL",
            "dict://127.0.0.1:{port}/stat",
            "ldap://127.0.0.1:{port}/",
            "ws://127.0.0.1:{port}/",
            "unix:///var/run/docker.sock",
            "data:text/html,hello",
            "javascript:alert(1)",
            "view-source:http://127.0.0.1:{port}/",
            "about:blank",
            "",
        )
    ),
    # other services, also where the address is public
    HostileTarget(Kind.PORT, "http://127.0.0.1:6379/"),
    HostileTarget(Kind.PORT, "http://127.0.0.1:5432/"),
    HostileTarget(Kind.PORT, "http://mail.example:25/", ((PUBLIC,),)),
    HostileTarget(Kind.PORT, f"http://{PUBLIC}:22/"),
    HostileTarget(Kind.PORT, f"https://{PUBLIC}:465/"),
    HostileTarget(Kind.PORT, f"http://{PUBLIC}:0/"),
)
