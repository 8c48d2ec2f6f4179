"""An OpenAI-compatible server on a real socket that answers from a script and keeps what it was asked."""

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

__all__ = [
    "Answer",
    "Asked",
    "ScriptedOpenAI",
    "drops",
    "embeds",
    "fails",
    "hangs",
    "marked_in",
    "raw",
    "says",
    "says_json",
    "unstreamed",
]

BLOCK = re.compile(r"<data (?P<name>[0-9a-f]+): (?P<label>[^\n>]*)>\n(?P<text>.*?)\n</data (?P=name)>", re.DOTALL)
"""As `brain.untrusted` marks it."""
PIECE = 24
"""Characters of a streamed answer that come at once."""


@dataclass(frozen=True)
class Asked:
    """One request as it came over the socket."""

    path: str
    authorization: str
    body: Mapping[str, Any]

    @property
    def system(self) -> str:
        """The instructions."""
        return self._said_by("system")

    @property
    def prompt(self) -> str:
        """What the user is made to say."""
        return self._said_by("user")

    @property
    def schema(self) -> Mapping[str, Any]:
        """The JSON schema that the answer must follow."""
        found: Mapping[str, Any] = self.body["response_format"]["json_schema"]["schema"]
        return found

    @property
    def data(self) -> list[str]:
        """The texts of others that the prompt holds, marked as data."""
        return [text for _, text in marked_in(f"{self.system}\n{self.prompt}")]

    def _said_by(self, role: str) -> str:
        return "\n".join(message["content"] for message in self.body["messages"] if message["role"] == role)


@dataclass(frozen=True)
class Answer:
    """What goes back: status, headers and body; with `drop` the connection is closed instead."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0
    """How long the server thinks first."""
    drop: bool = False
    streams: bool = True
    """Whether it comes piece by piece where that was asked for."""
    pause: float = 0
    """Seconds between two pieces."""
    pieces: int | None = None
    """After so many the connection breaks."""


type Scripted = Answer | Callable[[Asked], Answer]


def marked_in(prompt: str) -> list[tuple[str, str]]:
    """The blocks of data in a prompt: label and text."""
    return [(found["label"], found["text"]) for found in BLOCK.finditer(prompt)]


def says(
    text: str | None,
    *,
    finish: str = "stop",
    refusal: str | None = None,
    tokens: tuple[int, int] = (10, 5),
    **more: Any,
) -> Answer:
    """A chat completion; `finish="length"` is one that was cut off. `more` stands in the message too."""
    message = {"role": "assistant", "content": text, "refusal": refusal, **more}
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "total_tokens": sum(tokens)}
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return _json(
        {
            "id": "scripted",
            "object": "chat.completion",
            "created": 0,
            "model": "scripted",
            "choices": [choice],
            "usage": usage,
        }
    )


def says_json(value: Any, **more: Any) -> Answer:
    """A chat completion whose text is JSON."""
    return says(json.dumps(value), **more)


def embeds(*vectors: list[float]) -> Answer:
    """An answer of the embeddings endpoint."""
    data = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    return _json(
        {"object": "list", "data": data, "model": "scripted", "usage": {"prompt_tokens": 1, "total_tokens": 1}}
    )


def fails(status: int, message: str = "", **headers: str) -> Answer:
    """An error as OpenAI words it; header names with underscores for hyphens."""
    error = {"error": {"message": message, "type": "scripted", "param": None, "code": None}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(json.dumps(error).encode(), status, named)


def hangs(seconds: float) -> Answer:
    """An answer that comes too late."""
    return Answer(says("too late").body, seconds=seconds)


def raw(body: bytes) -> Answer:
    """A body of status 200 that is no completion."""
    return Answer(body)


def drops() -> Answer:
    """A connection that is closed without an answer."""
    return Answer(drop=True)


def unstreamed(answer: Answer) -> Answer:
    """The same from a server that does not know how to stream."""
    return replace(answer, streams=False)


def _json(value: Any) -> Answer:
    return Answer(json.dumps(value).encode())


def _pieces(completion: Mapping[str, Any], *, with_usage: bool) -> Iterator[dict[str, Any]]:
    """A completion as OpenAI streams it: the text in pieces, why it ends, and what it took."""
    shared = {**completion, "object": "chat.completion.chunk", "usage": None}
    [choice] = completion["choices"]
    message = choice["message"]
    text = message.get("content") or ""
    deltas = [{"role": "assistant", "content": "", "refusal": message.get("refusal")}]
    deltas += [{"content": text[start : start + PIECE]} for start in range(0, len(text), PIECE)]
    for delta in deltas:
        yield {**shared, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    yield {**shared, "choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]}
    if with_usage:
        yield {**shared, "choices": [], "usage": completion["usage"]}


def _completion_in(body: bytes) -> Mapping[str, Any] | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    is_one = isinstance(value, dict) and value.get("object") == "chat.completion"
    return value if is_one else None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    """Connections that may wait to be accepted; the default is 5."""

    def handle_error(self, *_: Any) -> None:
        """Say nothing: a client that hangs up is part of a script."""


class ScriptedOpenAI:
    """The server; answers in the order of the script, the last one again and again."""

    def __init__(self, *script: Scripted) -> None:
        self.asked: list[Asked] = []
        self._script: list[Scripted] = list(script)
        self._stop = threading.Event()
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def base_url(self) -> str:
        """What OPENAI_BASE_URL would be."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def script(self, *answers: Scripted) -> None:
        """Forget what was asked and answer with these from now on."""
        self.asked.clear()
        self._script = list(answers)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()

    def _next(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if not self._script:
            return fails(500, "the script of this test is empty")
        scripted = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        try:
            return scripted if isinstance(scripted, Answer) else scripted(asked)
        except Exception as exc:  # noqa: BLE001 - a test's own mistake is to be seen where it waits for the answer
            return fails(500, f"the script failed: {exc!r}")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        answer_to, stop = self._next, self._stop

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = answer_to(Asked(self.path, self.headers.get("Authorization", ""), body))
                stop.wait(answer.seconds) if answer.seconds else None
                if answer.drop or stop.is_set():
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                completion = _completion_in(answer.body) if answer.streams and body.get("stream") else None
                if completion is not None:
                    usage = (body.get("stream_options") or {}).get("include_usage", False)
                    self._stream(_pieces(completion, with_usage=usage), answer)
                    return
                self.send_response(answer.status)
                for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def _stream(self, pieces: Iterator[Mapping[str, Any]], answer: Answer) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                for number, piece in enumerate(pieces):
                    if number == answer.pieces:
                        break
                    self.wfile.write(f"data: {json.dumps(piece)}\n\n".encode())
                    self.wfile.flush()
                    stop.wait(answer.pause) if answer.pause else None
                else:
                    self.wfile.write(b"data: [DONE]\n\n")
                self.close_connection = True

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler
