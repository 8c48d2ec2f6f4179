"""No log record of this process, and nothing else that is told outside a run, shows a secret."""

import logging
from typing import Any
from weakref import WeakSet

from brain.config_secrets.redaction import Redactor

__all__ = ["install_log_redaction", "redacted"]


def install_log_redaction(redactor: Redactor) -> None:
    """Redact every log record of this process, tracebacks included, whichever handler writes it.

    The newest redactor is kept; earlier ones count as long as somebody else keeps them.
    """
    make = logging.getLogRecordFactory()
    earlier: WeakSet[Redactor] = WeakSet()
    while isinstance(make, _RedactingFactory):
        earlier |= make.redactors
        make = make.inner
    logging.setLogRecordFactory(_RedactingFactory(make, redactor, earlier))


def redacted(text: str) -> str:
    """A text for people, as free of secrets as the log is."""
    make = logging.getLogRecordFactory()
    return make.text(text) if isinstance(make, _RedactingFactory) else text


class _RedactingFactory:
    def __init__(self, inner: Any, newest: Redactor, earlier: WeakSet[Redactor]) -> None:
        self.inner = inner
        self.redactors = WeakSet([newest, *earlier])
        self._newest = newest
        self._formatter = logging.Formatter()

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record: logging.LogRecord = self.inner(*args, **kwargs)
        record.msg, record.args = self.text(_message(record)), ()
        if record.exc_info and record.exc_info[0] is not None:
            record.exc_text = self.text(self._formatter.formatException(record.exc_info))
        record.exc_info = None  # some handlers would render it themselves
        if record.stack_info:
            record.stack_info = self.text(record.stack_info)
        return record

    def text(self, text: str) -> str:
        for redactor in tuple(self.redactors):
            text = redactor.text(text)
        return text


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):  # logging itself would not raise either
        return f"{record.msg} {record.args!r}"
