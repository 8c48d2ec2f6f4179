"""What goes wrong between a question and its answer, in one sentence each."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from brain.errors import AnswerCutOff, ModelError
from brain.retry_after import seconds_to_rest
from brain.runs import utc_now
from brain.shortened import shortened

if TYPE_CHECKING:
    import openai

__all__ = ["LONGEST_REST", "NOT_OPENAI", "UNREADABLE", "is_asked_again", "one_line", "rest_of", "translated"]

UNREADABLE = (ValueError, TypeError, LookupError, AttributeError)
"""What the OpenAI client and LangChain raise on a body that is no answer of OpenAI's protocol."""
NOT_OPENAI = "what came is no answer of OpenAI's protocol, check OPENAI_BASE_URL"
LONGEST_REST = 120.0
"""Seconds of `Retry-After` up to which the OpenAI client waits and asks again (its MAX_RETRY_AFTER_DELAY)."""
LONGEST_REASON = 200
"""Characters of what a server says."""


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Raise ModelError for whatever the OpenAI client and LangChain raise."""
    import openai

    try:
        yield
    except openai.APIConnectionError as exc:
        message = f"The model {name} cannot be reached; check OPENAI_BASE_URL and that it is up."
        raise ModelError(message, transient=True) from exc
    except openai.AuthenticationError as exc:
        raise ModelError(f"The model {name} refused the key; check OPENAI_API_KEY.") from exc
    except openai.APIStatusError as exc:
        raise _bad_status(name, exc) from exc
    except openai.LengthFinishReasonError as exc:
        usage = exc.completion.usage
        raise AnswerCutOff(
            f"The model {name} was cut off before its answer was whole; ask for less or set another BRAIN_CHAT_MODEL.",
            tokens_in=usage.prompt_tokens if usage else 0,
            tokens_out=usage.completion_tokens if usage else 0,
        ) from exc
    except openai.OpenAIError as exc:
        raise ModelError(f"The model {name} gave no usable answer: {one_line(exc)}.") from exc
    except UNREADABLE as exc:
        raise ModelError(f"The model {name} gave no usable answer; {NOT_OPENAI}.") from exc


def is_asked_again(response: Any) -> bool:
    """Whether the OpenAI client asks again after an answer, as long as it has tries left."""
    is_wanted = response.headers.get("x-should-retry") != "false"
    return is_wanted and is_passing(response.status_code) and (rest_of(response.headers) or 0.0) <= LONGEST_REST


def is_passing(status: int) -> bool:
    """Whether the same question may be answered later."""
    again = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS)
    return status in again or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def rest_of(headers: Any) -> float | None:
    """The seconds that a server asks to be left alone for; None where it does not."""
    milliseconds = headers.get("retry-after-ms", "")
    return int(milliseconds) / 1000 if milliseconds.isdecimal() else seconds_to_rest(headers.get("retry-after", ""))


def one_line(said: object) -> str:
    """What a server says, short enough for a sentence and without its full stop."""
    return shortened(" ".join(str(said).split()), LONGEST_REASON).rstrip(".")


def _bad_status(name: str, exc: "openai.APIStatusError") -> ModelError:
    body = exc.body if isinstance(exc.body, dict) else {}
    transient = is_passing(exc.status_code)
    later = _later(rest_of(exc.response.headers)) if transient else ""
    said = one_line(body.get("message") or exc.message)
    return ModelError(f"The model {name} answered with status {exc.status_code}: {said}{later}.", transient=transient)


def _later(rest: float | None) -> str:
    if not rest:
        return ""
    at = utc_now() + timedelta(seconds=rest)
    return f"; it asks to be left alone for {rest:.0f} s: try again after {at:%H:%M:%S} UTC"
