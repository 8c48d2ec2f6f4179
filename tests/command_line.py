"""A project folder with tools of its own, and the real `brain` command run in it as a process."""

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import warm_start

from brain import embedded

__all__ = [
    "BRAIN",
    "Answer",
    "CommandLine",
    "Ended",
    "Running",
    "Terminal",
    "eventually",
    "model_that_says",
    "nap",
    "new_project",
    "page",
    "remove_project",
    "site",
]

BRAIN = Path(sys.executable).with_name("brain")
REPOSITORY = Path(__file__).parents[1]
IDLE_MINUTES = "2"
"""After which the services end by themselves where the test process was killed."""
OURS = ("BRAIN_", "OPENAI_", "DATABASE_", "REDIS_")
LONGEST_SECONDS = 60

OWN_TOOLS = """
import subprocess
import time

def nap(seconds, label="", *, context):
    began = time.monotonic()
    while (slept := time.monotonic() - began) < seconds and not (context.project / "wake").exists():
        context.report(100 * slept / seconds, f"napping {label}")
        time.sleep(0.02)
    with (context.project / "naps.txt").open("a") as naps:
        naps.write(f"{label}\\n")
    return {"label": label}

def hang():
    subprocess.run(["sleep", "600"])

def break_down(message):
    raise ValueError(message)
"""
ANY_TEXT, ANY_NUMBER = {"type": "string"}, {"type": "number"}
SHOP = "shop,price,sold\nnorth,10,3\nsouth,20,4\nnorth,30,5\nsouth,40,6\n"


def _own(name: str, function: str, takes: Mapping[str, Any], *required: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": takes, "required": required, "additionalProperties": False}
    return {
        "name": name,
        "description": "A tool of this project's own.",
        "inputSchema": schema,
        "annotations": {"readOnlyHint": True},
        "run": {"python": f"shop_tools:{function}"},
    }


def new_project(folder: Path) -> "CommandLine":
    """A project with the shipped tools and slow, hanging and broken ones of its own, and a small data file."""
    folder.mkdir(parents=True)
    tools = json.loads((REPOSITORY / "tools.json").read_text(encoding="utf-8"))
    tools["tools"] += [
        _own("shop.nap", "nap", {"seconds": ANY_NUMBER, "label": ANY_TEXT}, "seconds"),
        _own("shop.hang", "hang", {}),
        _own("shop.break", "break_down", {"message": ANY_TEXT}, "message"),
    ]
    (folder / "tools.json").write_text(json.dumps(tools), encoding="utf-8")
    (folder / "shop_tools.py").write_text(OWN_TOOLS, encoding="utf-8")
    (folder / "sales.csv").write_text(SHOP, encoding="utf-8")
    return CommandLine(folder)


def remove_project(project: Path) -> None:
    """End naps that were given up, stop the services, and remove what root keeps elsewhere for them."""
    (project / "wake").touch()
    state_folder = project / ".brain"
    embedded.stop_all(state_folder)
    embedded.release(state_folder)
    record = state_folder / "postgres.json"
    home = json.loads(record.read_text())["home"] if record.exists() else None
    if home:
        shutil.rmtree(home)


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be nothing but JSON."""
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        """Standard output, which must be nothing but one event a line."""
        return [json.loads(line) for line in self.out.splitlines()]


class Running:
    """A command under way, in a process group of its own as a shell would start it."""

    def __init__(self, process: "subprocess.Popen[bytes] | warm_start.Command", out: int, err: int) -> None:
        self.process = process
        self._out, self._err = (os.fdopen(number, encoding="utf-8") for number in (out, err))

    def wait_for(self, words: str) -> None:
        """Read standard error until it says this; what was read is not in `end`."""
        said = []
        for line in self._err:
            said.append(line)
            if words in line:
                return
        raise AssertionError(f"It never said {words!r}: {''.join(said)}")

    def interrupt(self) -> None:
        """What Ctrl-C does: SIGINT to the whole group."""
        os.killpg(self.process.pid, signal.SIGINT)

    def kill(self) -> None:
        """SIGKILL to the process, as the kernel does where memory runs out."""
        self.process.kill()

    def end(self, seconds: float = LONGEST_SECONDS) -> Ended:
        """Wait for the end."""
        with self._out, self._err, ThreadPoolExecutor(2) as readers:
            texts = [readers.submit(stream.read) for stream in (self._out, self._err)]
            try:
                out, err = (text.result(seconds) for text in texts)
                return Ended(self.process.wait(seconds), out, err)
            except TimeoutError:
                self.process.kill()
                raise


@dataclass(frozen=True)
class CommandLine:
    """`brain` in one project folder."""

    project: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    before: Sequence[str] = ()
    """A command that runs it, as `unshare` does."""

    @property
    def variables(self) -> dict[str, str]:
        """All of the command's environment: none of the settings that the tests' own environment may hold.

        Nor what keeps Python from caching bytecode: every command would compile all of the Brain anew.
        """
        left_out = (*OURS, "PYTHONDONTWRITEBYTECODE")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
        return {**inherited, "BRAIN_IDLE_MINUTES": IDLE_MINUTES, **self.environment}

    def having(self, *before: str, **environment: str) -> Self:
        """The same with more variables, or run by another command."""
        return type(self)(self.project, {**self.environment, **environment}, before or self.before)

    def start(self, *arguments: str) -> Running:
        """Begin a command; nobody is at its standard input."""
        out, of_out = os.pipe()
        err, of_err = os.pipe()
        process = (self._start_cold if self.before else self._start_warm)(arguments, of_out, of_err)
        os.close(of_out)
        os.close(of_err)
        return Running(process, out, err)

    def _start_warm(self, arguments: Sequence[str], out: int, err: int) -> warm_start.Command:
        return warm_start.start(arguments, self.project, self.variables, out, err)

    def _start_cold(self, arguments: Sequence[str], out: int, err: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [*self.before, str(BRAIN), *arguments], cwd=self.project, env=self.variables, stdin=subprocess.DEVNULL,
            stdout=out, stderr=err, start_new_session=True,
        )  # fmt: skip

    def __call__(self, *arguments: str) -> Ended:
        """Run a command to its end."""
        return self.start(*arguments).end()

    def write(self, name: str, *steps: Mapping[str, Any], **more: Any) -> str:
        """A pipeline in a file of the project, called as the file is; returns the file's name."""
        spec = {"name": Path(name).stem, "steps": steps, **more}
        (self.project / name).write_text(json.dumps(spec), encoding="utf-8")
        return name

    def naps(self) -> list[str]:
        """The labels of all naps that came to their end, in their order."""
        file = self.project / "naps.txt"
        return file.read_text(encoding="utf-8").split() if file.exists() else []


class Terminal:
    """`brain` at a terminal of 80 columns, as a person sees it."""

    def __init__(self, line: CommandLine, *arguments: str) -> None:
        self._screen, other = pty.openpty()
        environment = {**line.variables, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "40"}
        self.process = subprocess.Popen(
            [str(BRAIN), *arguments], cwd=line.project, env=environment, stdin=other, stdout=other, stderr=other,
            start_new_session=True,
        )  # fmt: skip
        os.close(other)
        self.seen = ""

    def read_until(self, words: str, seconds: float = 20) -> None:
        deadline = time.monotonic() + seconds
        while words not in self.seen and time.monotonic() < deadline:
            if select.select([self._screen], [], [], 0.1)[0]:
                self._read()
                self._answer_cursor_query()
        assert words in self.seen, self.seen

    def write(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def close(self) -> None:
        """What closing the window does."""
        os.close(self._screen)

    def end(self) -> int:
        deadline = time.monotonic() + 20
        while self._read() and time.monotonic() < deadline:
            pass
        self.close()
        return self.process.wait(10)

    def _read(self) -> bool:
        try:
            content = os.read(self._screen, 65536).decode()
        except OSError:  # the other side is closed
            return False
        self.seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", content)
        self._asks_for_cursor = "\x1b[6n" in content
        return bool(content)

    def _answer_cursor_query(self) -> None:
        if self._asks_for_cursor:
            self.write("\x1b[1;1R")


def nap(step: str, seconds: float, **more: Any) -> dict[str, Any]:
    """A step that sleeps."""
    return {"id": step, "tool": "shop.nap", "arguments": {"seconds": seconds, "label": step}, **more}


def eventually[T](look: Callable[[], T | None], seconds: float = 20) -> T:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.05)
    raise AssertionError(f"{look} found nothing within {seconds} s")


type Answer = Callable[[BaseHTTPRequestHandler], None]
"""Answers one request; a method of the handler."""


@contextmanager
def site(answer: Answer) -> Iterator[str]:
    """A web server on this machine that answers everything in one way; its address."""
    methods = {"do_GET": answer, "do_POST": answer, "log_message": lambda *_: None}
    handler = type("Handler", (BaseHTTPRequestHandler,), methods)
    with _Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up early is no news."""


def model_that_says(text: str) -> Answer:
    """An OpenAI-compatible chat model that always says the same."""
    message = {"role": "assistant", "content": text}
    completion = {
        "id": "1", "object": "chat.completion", "created": 0, "model": "parrot",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
    }  # fmt: skip
    return page(json.dumps(completion).encode(), "application/json")


def page(body: bytes, media_type: str = "text/plain") -> Answer:
    """One page under every address."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.rfile.read(int(request.headers.get("content-length", 0)))
        request.send_response(200)
        request.send_header("content-type", media_type)
        request.end_headers()
        request.wfile.write(body)

    return answer
