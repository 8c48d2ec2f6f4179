"""A chat model whose questions somebody pays for."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from brain.errors import ModelError, ModelSilent
from brain.language_models.accounts import Account
from brain.language_models.chat import ChatModel, Completion, Hear, StructuredCompletion, room_to_think
from brain.language_models.notices import Tell, telling
from brain.language_models.tokens import most_tokens
from brain.runs import Spending

__all__ = ["MeteredChat"]


class MeteredChat:
    """A chat model on somebody's account: each question is reserved there before it is asked, and settled after.

    `tell` hears of what holds a question up. Both methods raise BudgetExhausted where the account does not hold it.
    """

    def __init__(self, model: ChatModel, account: Account, tell: Tell | None = None) -> None:
        self._model = model
        self._account = account
        self._tell = tell
        self.name = model.name
        self.context_tokens = model.context_tokens
        self.price = model.price

    async def complete(self, prompt: str, *, system: str = "", max_tokens: int = 400) -> Completion:
        """Answer in prose."""
        return await self._metered(
            lambda: self._model.complete(prompt, system=system, max_tokens=max_tokens),
            self._most(most_tokens(prompt, system), max_tokens),
        )

    async def structured(
        self, prompt: str, schema: dict[str, Any], *, system: str = "", max_tokens: int = 1500, hear: Hear | None = None
    ) -> StructuredCompletion:
        """Answer with JSON."""
        return await self._metered(
            lambda: self._model.structured(prompt, schema, system=system, max_tokens=max_tokens, hear=hear),
            self._most(most_tokens(prompt, system, schema=schema), max_tokens),
        )

    def _most(self, tokens_in: int, max_tokens: int) -> Spending:
        tokens_out = max_tokens + room_to_think(self.context_tokens)
        return Spending(tokens_in, tokens_out, self.price.cost(tokens_in, tokens_out))

    async def _metered[T: Completion | StructuredCompletion](
        self, ask: Callable[[], Awaitable[T]], most: Spending
    ) -> T:
        await self._account.reserve(most)
        took: Spending | None = Spending()
        try:
            with telling(self._tell):
                completion = await ask()
        except (ModelSilent, asyncio.CancelledError):
            took = None
            raise
        except ModelError as exc:
            took = self._spending(exc.tokens_in, exc.tokens_out)
            raise
        else:
            took = self._of(completion, most)
            return completion
        finally:
            self._account.settle(most, took)

    def _of(self, completion: Completion | StructuredCompletion, most: Spending) -> Spending:
        """What an answer took; of a server that does not tell, about what it must have been."""
        tokens_in, tokens_out = completion.tokens_in, completion.tokens_out
        if not tokens_in and not tokens_out:
            said = completion.text if isinstance(completion, Completion) else str(completion.value)
            tokens_in, tokens_out = most.tokens_in, most_tokens(said)
        return self._spending(tokens_in, tokens_out, completion.tokens_cached)

    def _spending(self, tokens_in: int, tokens_out: int, tokens_cached: int = 0) -> Spending:
        return Spending(tokens_in, tokens_out, self.price.cost(tokens_in, tokens_out, tokens_cached))
