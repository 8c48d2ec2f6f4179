"""An answer that is heard while it is written, from servers that stream; others are asked without."""

from typing import Any

from brain.language_models.chat import Hear

__all__ = ["streamed"]


async def streamed(bound: Any, messages: list[tuple[str, str]], hear: Hear) -> Any:
    """The whole message, as `ainvoke` of the bound LangChain model gives it; `hear` is told its text as it grows."""
    import httpx2  # the client's own
    import openai

    message: Any = None
    try:
        async for piece in bound.astream(messages, stream_usage=True):
            message = piece if message is None else message + piece
            if piece.text:
                hear(message.text)
    except (openai.BadRequestError, openai.UnprocessableEntityError):
        message = None  # it may be that the server does not stream; any other mistake it tells again
    except AssertionError:
        if message is not None:  # else the client's own, at the end of a stream without any event
            raise
    except httpx2.TransportError as exc:  # in the middle of a stream the client lets them through
        raise openai.APIConnectionError(request=exc.request) from exc
    return await bound.ainvoke(messages) if message is None else message
