"""Ways in which a page makes a browser reach another server, and a server that notices whether it was reached.

In a piece of markup `{to}` stands for the other server's address with http://, `{ws}` for the same with ws://, `{host}`
for host and port; `{here}` for the page's own server, which leads on to where its query says: `{here}/to?{to}`.
"""

import asyncio
import contextlib
import re
from collections.abc import Mapping, Sequence
from typing import Self
from urllib.parse import unquote

__all__ = ["HINTS", "IN_THE_PAGE", "SHUT_OFF", "TARGETS", "TOP_LEVEL", "Listener", "Site", "page_of"]

IN_THE_PAGE: Mapping[str, str] = {
    # what markup loads
    "img": "<img src='{to}'>",
    "srcset": "<img srcset='{to} 1x'>",
    "picture": "<picture><source srcset='{to}'><img></picture>",
    "input-image": "<input type=image src='{to}'>",
    "body-background": "<table background='{to}'><tr><td>x</table>",
    "script": "<script src='{to}'></script>",
    "module": "<script type=module src='{to}'></script>",
    "stylesheet": "<link rel=stylesheet href='{to}'>",
    "preload": "<link rel=preload as=image href='{to}'>",
    "modulepreload": "<link rel=modulepreload href='{to}'>",
    "prefetch": "<link rel=prefetch href='{to}'>",
    "iframe": "<iframe src='{to}'></iframe>",
    "iframe-sandboxed": "<iframe sandbox='allow-scripts' src='{to}'></iframe>",
    "iframe-srcdoc": "<iframe srcdoc=\"<img src='{to}'>\"></iframe>",
    "iframe-data": "<iframe src=\"data:text/html,<img src='{to}'>\"></iframe>",
    "iframe-javascript": "<iframe src=\"javascript:`<img src='{to}'>`\"></iframe>",
    "object": "<object data='{to}'></object>",
    "embed": "<embed src='{to}'>",
    "video": "<video src='{to}' preload=auto muted autoplay></video>",
    "video-poster": "<video poster='{to}'></video>",
    "video-source": "<video preload=auto muted autoplay><source src='{to}'></video>",
    "audio": "<audio src='{to}' preload=auto></audio>",
    "track": "<video crossorigin><track default kind=captions src='{to}'></video>"
    "<script>document.currentScript.previousSibling.textTracks[0].mode = 'showing'</script>",
    "svg-image": "<svg><image href='{to}'/></svg>",
    "svg-filter": "<svg><filter id=f><feImage href='{to}'/></filter><rect width=9 height=9 filter='url(#f)'/></svg>",
    # what style sheets load
    "css-background": "<p style='background: url({to})'>x</p>",
    "css-list": "<ul style='list-style: url({to})'><li>x</ul>",
    "css-content": "<style>.content::before {{ content: url({to}) }}</style><p class=content>x</p>",
    "css-cursor": "<p style='cursor: url({to}), auto'>x</p>",
    "css-import": "<style>@import '{to}';</style>",
    "css-font": "<style>@font-face {{ font-family: f; src: url({to}) }}</style><p style='font-family: f'>x</p>",
    "css-mask": "<p style='mask-image: url({to})'>x</p>",
    "css-image-set": "<p style='background: image-set(url({to}) 1x)'>x</p>",
    # what scripts send
    "fetch": "<script>fetch('{to}')</script>",
    "fetch-post": "<script>fetch('{to}', {{method: 'POST', mode: 'no-cors', body: 'x'}})</script>",
    "fetch-preflight": "<script>fetch('{to}', {{method: 'PUT', headers: {{'x-y': 'z'}}}})</script>",
    "fetch-keepalive": "<script>fetch('{to}', {{keepalive: true, mode: 'no-cors'}})</script>",
    "xhr": "<script>{{ const x = new XMLHttpRequest(); x.open('GET', '{to}'); x.send() }}</script>",
    "beacon": "<script>navigator.sendBeacon('{to}', 'x')</script>",
    "eventsource": "<script>new EventSource('{to}')</script>",
    "websocket": "<script>new WebSocket('{ws}')</script>",
    "websocket-stream": "<script>new Worker(URL.createObjectURL(new Blob([`new WebSocket('{ws}')`])))</script>",
    "image-object": "<script>new Image().src = '{to}'</script>",
    "import": "<script>import('{to}')</script>",
    "cache-add": "<script>caches.open('c').then(c => c.add('{to}'))</script>",
    "audio-worklet": "<script>new OfflineAudioContext(1, 1, 44100).audioWorklet.addModule('{to}')</script>",
    "font-face": "<script>new FontFace('g', 'url({to})').load()</script>",
    "worker-import": "<script>new Worker('{here}/script?importScripts(\"{to}\")')</script>",
    "worker-fetch": "<script>new Worker('{here}/script?fetch(\"{to}\")')</script>",
    "worker-blob": "<script>new Worker(URL.createObjectURL(new Blob([`fetch('{to}')`])))</script>",
    "shared-worker": "<script>new SharedWorker('{here}/script?fetch(\"{to}\")')</script>",
    "blob-frame": "<script>{{ const f = document.createElement('iframe'); f.src = URL.createObjectURL("
    "new Blob([`<img src='{to}'>`], {{type: 'text/html'}})); document.body.append(f) }}</script>",
    "csp-report": "<iframe src='{here}/header?Content-Security-Policy:default-src none; report-uri {to}'></iframe>",
    "link-header": "<iframe src='{here}/header?Link:<{to}>; rel=preload; as=image'></iframe>",
    # where frames are led
    "frame-redirect": "<iframe src='{here}/to?{to}'></iframe>",
    "frame-redirect-twice": "<iframe src='{here}/to?{here}/to?{to}'></iframe>",
    "frame-refresh-header": "<iframe src='{here}/header?Refresh:0;url={to}'></iframe>",
    "frame-meta": "<iframe src=\"{here}/markup?<meta http-equiv=refresh content='0;url={to}'>\"></iframe>",
    "frame-location": "<iframe src=\"{here}/markup?<script>location = '{to}'</script>\"></iframe>",
    "frame-form": "<iframe src=\"{here}/markup?<form action='{to}'></form>"
    '<script>document.forms[0].submit()</script>"></iframe>',
    "frame-form-post": "<iframe src=\"{here}/markup?<form method=post action='{to}'><input name=a></form>"
    '<script>document.forms[0].submit()</script>"></iframe>',
    "frame-click": "<iframe src=\"{here}/markup?<a href='{to}'>x</a>"
    "<script>document.querySelector('a').click()</script>\"></iframe>",
    "frame-base": "<iframe src=\"{here}/markup?<base href='{to}'><img src='{path}'>\"></iframe>",
    "img-redirect": "<img src='{here}/to?{to}'>",
    "script-redirect": "<script src='{here}/to?{to}'></script>",
    "stylesheet-redirect": "<link rel=stylesheet href='{here}/to?{to}'>",
    "fetch-redirect": "<script>fetch('{here}/to?{to}')</script>",
    "fetch-redirect-307": "<script>fetch('{here}/to307?{to}', {{method: 'POST', body: 'x', mode: 'no-cors'}})</script>",
    "video-redirect": "<video src='{here}/to?{to}' preload=auto muted autoplay></video>",
    "prerender": '<script type=speculationrules>{{"prerender": [{{"urls": ["{to}"], "eagerness": "immediate"}}]}}'
    "</script>",
    "speculative-prefetch": '<script type=speculationrules>{{"prefetch": [{{"urls": ["{to}"], '
    '"eagerness": "immediate"}}]}}</script>',
}

TOP_LEVEL: Mapping[str, str] = {
    "redirect": "{here}/to?{to}",
    "redirect-307": "{here}/to307?{to}",
    "redirect-chain": "{here}/to?{here}/to?{here}/to?{to}",
    "refresh-header": "{here}/header?Refresh:0;url={to}",
    "meta-refresh": "{here}/markup?<meta http-equiv=refresh content='0;url={to}'>",
    "location": "{here}/markup?<script>location = '{to}'</script>",
    "form": "{here}/markup?<form action='{to}'></form><script>document.forms[0].submit()</script>",
    "form-post": "{here}/markup?<form method=post action='{to}'></form><script>document.forms[0].submit()</script>",
    "unload-beacon": "{here}/markup?<script>onpagehide = () => navigator.sendBeacon('{to}'); location = '{here}/'"
    "</script>",
}
"""Addresses that are opened."""

SHUT_OFF: Mapping[str, str] = {
    "anchor-ping": "<a href='#x' ping='{to}'>x</a><script>document.currentScript.previousSibling.click()</script>",
    "popup": "<script>open('{to}')</script>",
    "popup-click": "<a target=_blank href='{to}'>x</a><script>document.currentScript.previousSibling.click()</script>",
    "popup-blank": "<script>open('about:blank').document.write(`<img src='{to}'>`)</script>",
    "stun": "<script>{{ const c = new RTCPeerConnection({{iceServers: [{{urls: 'stun:{host}'}}]}}); "
    "c.createDataChannel('d'); c.createOffer().then(o => c.setLocalDescription(o)) }}</script>",
    "turn-udp": "<script>{{ const c = new RTCPeerConnection({{iceServers: [{{urls: 'turn:{host}', username: 'u', "
    "credential: 'p'}}]}}); c.createDataChannel('d'); c.createOffer().then(o => c.setLocalDescription(o)) }}</script>",
    "turn-tcp": "<script>{{ const c = new RTCPeerConnection({{iceServers: [{{urls: 'turn:{host}?transport=tcp', "
    "username: 'u', credential: 'p'}}]}}); c.createDataChannel('d'); c.createOffer()"
    ".then(o => c.setLocalDescription(o)) }}</script>",
    "webtransport": "<script>new WebTransport('https://{host}/webtransport')</script>",
    "service-worker": "<script>navigator.serviceWorker.register('{here}/script?fetch(\"{to}\")')</script>",
    "service-worker-of-a-frame": "<script>{{ const f = document.createElement('iframe'); document.body.append(f); "
    "f.contentWindow.ServiceWorkerContainer.prototype.register.call(navigator.serviceWorker, "
    "'{here}/script?fetch(\"{to}\")') }}</script>",
}
"""What the hardened browser does not do at all, or would do with connections of its own."""

HINTS: Mapping[str, str] = {
    "dns-prefetch": "<link rel=dns-prefetch href='{to}'>",
    "preconnect": "<link rel=preconnect href='{to}'>",
    "preconnect-tls": "<link rel=preconnect href='https://{host}' crossorigin>",
}
"""What a browser may follow or not, and mostly does not."""

TARGETS: Sequence[str] = (
    # this machine, in every way of writing it
    *("127.0.0.1", "127.0.0.2", "127.8.8.8", "127.1", "127.0.1", "0", "0.0.0.0", "2130706433", "0x7f000001"),
    *("0x7f.0.0.1", "0x7f.0x0.0x0.0x1", "0177.0.0.1", "017700000001", "0177.0.0.01", "127.0.0.1.", "0x7f.1"),
    *("127。0。0。1", "①②⑦.0.0.1", "%31%32%37.0.0.1", "127.0.0.0x1", "127.0x000001"),
    *("[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]"),
    *("[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]", "[fec0::1]", "[ff02::1]"),
    *("localhost", "LOCALHOST", "localhost.", "lo%63alhost", "a.localhost", "ⓛocalhost"),
    # the network that this machine is in
    *("10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.1.1", "100.64.0.1"),
    *("3232235521", "0xc0a80001", "0300.0250.0.1", "198.18.0.1", "192.0.0.192", "224.0.0.251", "255.255.255.255"),
    "[fd00::1]",
    # what tells a machine of a cloud its secrets
    *("169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "[::ffff:169.254.169.254]"),
    *("100.100.100.200", "168.63.129.16", "[fd00:ec2::254]", "metadata.google.internal"),
    # names
    *("inside.example", "six.example", "127.0.0.1.nip.example", "mixed.example", "public.example@127.0.0.1"),
)
"""Hosts that no page may reach; the names stand in `NAMES`."""

NAMES: Mapping[str, Sequence[str]] = {
    "site.localhost": ["127.0.0.1"],
    "victim.site.localhost": ["127.0.0.1"],
    "site.example": ["127.0.0.1"],
    "victim.example": ["127.0.0.1"],
    "localhost": ["127.0.0.1", "::1"],
    "localhost.": ["127.0.0.1"],
    "a.localhost": ["127.0.0.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "inside.example": ["127.0.0.1"],
    "six.example": ["::1", "::ffff:127.0.0.1"],
    "127.0.0.1.nip.example": ["127.0.0.1"],
    "mixed.example": ["10.0.0.1", "127.0.0.1"],
}
"""What the resolver of the tests knows."""


def page_of(kinds: Mapping[str, str], here: str, host: str | Mapping[str, str]) -> str:
    """A page that holds every kind, each leading to `/<kind>` on the other server, of which each may have its own."""
    return "<!doctype html><title>kinds</title><body>" + "\n".join(
        filled(markup, here, host if isinstance(host, str) else host[kind], kind) for kind, markup in kinds.items()
    )


def filled(markup: str, here: str, host: str, kind: str) -> str:
    """A piece of markup, or an address, with the servers in it."""
    return markup.format(to=f"http://{host}/{kind}", ws=f"ws://{host}/{kind}", host=host, here=here, path=f"/{kind}")


class Listener(asyncio.DatagramProtocol):
    """A server on TCP and UDP that counts whoever reaches it, and answers any request."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses
        self.connections = 0
        self.datagrams = 0
        self.asked: list[str] = []
        """The targets of requests, in their order."""
        self.bodies: list[str] = []
        self.port = 0
        self._stack = contextlib.AsyncExitStack()

    @property
    def reached(self) -> int:
        """How often, in whatever way."""
        return self.connections + self.datagrams

    def forget(self) -> None:
        """Count anew."""
        self.connections = self.datagrams = 0
        self.asked.clear()
        self.bodies.clear()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for address in self._addresses:
            server = await asyncio.start_server(self._serve, address, self.port)
            self.port = server.sockets[0].getsockname()[1]
            udp, _ = await loop.create_datagram_endpoint(lambda: self, (address, self.port))
            self._stack.callback(udp.close)
            self._stack.push_async_callback(server.wait_closed)
            self._stack.callback(server.close_clients)
            self._stack.callback(server.close)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def datagram_received(self, *_: object) -> None:
        self.datagrams += 1

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            if match := re.match(r"[A-Z]+ (\S+) HTTP/1\.1\r\n", head):
                self.asked.append(match[1])
                length = re.search(r"\ncontent-length: (\d+)", head, re.IGNORECASE)
                self.bodies.append((await reader.readexactly(int(length[1]))).decode() if length else "")
                await self.respond(match[1], writer)
        writer.close()

    async def respond(self, target: str, writer: asyncio.StreamWriter) -> None:
        """Answer a request."""
        writer.write(self.answer(target))
        await writer.drain()

    def answer(self, _target: str) -> bytes:
        """An empty picture, script or page, as one likes."""
        return response("", "access-control-allow-origin: *", "access-control-allow-headers: *")


class Site(Listener):
    """The server that pages may reach: what it answers stands in the address, or in `pages` where it is long."""

    def __init__(self, *addresses: str) -> None:
        super().__init__(*addresses)
        self.pages: dict[str, str] = {}

    def answer(self, target: str) -> bytes:
        path, _, query = target.partition("?")
        text = unquote(query)
        match path:
            case "/to":
                return response("", f"location: {text}", status="302 Found")
            case "/to307":
                return response("", f"location: {text}", status="307 Temporary Redirect")
            case "/script":
                return response(text, "content-type: text/javascript")
            case "/markup":
                return response(f"<!doctype html><title>m</title><body>{text}", "content-type: text/html")
            case "/header":
                return response("<img src=/x><script>1</script>", text, "content-type: text/html")
            case _:
                return response(self.pages.get(path, "<title>home</title>here"), "content-type: text/html")


def response(body: str, *headers: str, status: str = "200 OK") -> bytes:
    """A whole response, after which the connection ends."""
    content = body.encode()
    lines = [f"HTTP/1.1 {status}", *headers, f"content-length: {len(content)}", "connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1") + content
