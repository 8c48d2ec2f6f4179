"""Ways in which a page makes a browser reach another server, and a server that notices whether it was reached.

In a piece of markup `{to}` stands for the other server's address with http://, `{ws}` for the same with ws://, `{host}`
for host and port; `{here}` for the page's own server, which leads on to where its query says: `{here}/to?{to}`.
"""

import asyncio
import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote

import h11

__all__ = ["AROUND_THE_PROXY", "IN_THE_PAGE", "TOP_LEVEL", "Listener", "Site", "page_of"]

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
    "icon": "<link rel=icon href='{to}'>",
    "preload": "<link rel=preload as=image href='{to}'>",
    "modulepreload": "<link rel=modulepreload href='{to}'>",
    "prefetch": "<link rel=prefetch href='{to}'>",
    "preconnect": "<link rel=preconnect href='{to}'>",
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
    "anchor-ping": "<a href='#x' ping='{to}'>x</a><script>document.currentScript.previousSibling.click()</script>",
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
    "popup": "{here}/markup?<script>open('{to}')</script>",
    "popup-click": "{here}/markup?<a target=_blank href='{to}'>x</a><script>document.querySelector('a').click()</script>",
    "popup-blank": "{here}/markup?<script>open('about:blank').document.write(`<img src='{to}'>`)</script>",
    "unload-beacon": "{here}/markup?<script>onpagehide = () => navigator.sendBeacon('{to}'); location = '{here}/'</script>",
}
"""Addresses that are opened."""

AROUND_THE_PROXY: Mapping[str, str] = {
    "stun": "<script>{{ const c = new RTCPeerConnection({{iceServers: [{{urls: 'stun:{host}'}}]}}); "
    "c.createDataChannel('d'); c.createOffer().then(o => c.setLocalDescription(o)) }}</script>",
    "turn-udp": "<script>{{ const c = new RTCPeerConnection({{iceServers: [{{urls: 'turn:{host}', username: 'u', "
    "credential: 'p'}}]}}); c.createDataChannel('d'); c.createOffer().then(o => c.setLocalDescription(o)) }}</script>",
    "turn-tcp": "<script>{{ const c = new RTCPeerConnection({{iceServers: [{{urls: 'turn:{host}?transport=tcp', "
    "username: 'u', credential: 'p'}}]}}); c.createDataChannel('d'); c.createOffer().then(o => c.setLocalDescription(o)) "
    "}}</script>",
    "webtransport": "<script>new WebTransport('https://{host}/webtransport')</script>",
    "service-worker": "<script>navigator.serviceWorker.register('{here}/script?fetch(\"{to}\")')</script>",
    "service-worker-of-a-frame": "<script>{{ const f = document.createElement('iframe'); document.body.append(f); "
    "f.contentWindow.ServiceWorkerContainer.prototype.register.call(navigator.serviceWorker, "
    "'{here}/script?fetch(\"{to}\")') }}</script>",
}
"""What a browser may do with connections of its own, or after the page has gone."""


def page_of(kinds: Mapping[str, str], here: str, host: str) -> str:
    """A page that holds every kind, each leading to `/<kind>` on the other server; scripts fail on their own."""
    return "<!doctype html><title>kinds</title><body>" + "\n".join(
        filled(markup, here, host, kind) for kind, markup in kinds.items()
    )


def filled(markup: str, here: str, host: str, kind: str) -> str:
    """A piece of markup, or an address, with the servers in it."""
    return markup.format(to=f"http://{host}/{kind}", ws=f"ws://{host}/{kind}", host=host, here=here, path=f"/{kind}")


@dataclass
class Listener(asyncio.DatagramProtocol):
    """A server on TCP and UDP that counts whoever reaches it, and answers what any page may read."""

    address: str = "127.0.0.1"
    connections: int = 0
    datagrams: int = 0
    asked: list[str] = field(default_factory=list)
    """The paths of requests, in their order."""
    port: int = 0
    _server: asyncio.Server | None = None
    _udp: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self.address, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(lambda: self, (self.address, self.port))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self._server.close_clients()
        self._udp.close()
        await self._server.wait_closed()

    def datagram_received(self, data: bytes, addr: object) -> None:
        self.datagrams += 1

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, h11.ProtocolError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            if match := re.match(r"[A-Z]+ (\S+) HTTP/1\.1\r\n", head):
                self.asked.append(match[1])
                writer.write(self.answer(match[1]))
                await writer.drain()
        writer.close()

    def answer(self, target: str) -> bytes:
        """An empty picture, script or page, as one likes."""
        return response("", "access-control-allow-origin: *", "access-control-allow-headers: *")


class Site(Listener):
    """The server that pages may reach: what it answers stands in the address; `pages` holds what is too long for it."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        super().__init__(address)
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
