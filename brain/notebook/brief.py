"""Errors as a cell shows them: one line, without a traceback."""

__all__ = ["brief"]


def brief(exc: BaseException) -> BaseException:
    """The error so that IPython shows it as one line."""
    from brain.config_secrets import redacted

    line = f"{type(exc).__name__}: {redacted(str(exc))}".removesuffix(": ")
    exc._render_traceback_ = lambda *_: [line]  # type: ignore[attr-defined] # what IPython asks an error for
    return exc
