"""Who pays for questions to a model: a run within its budget, and each of its steps for the run."""

import asyncio

from brain.budgets import UNLIMITED, Budget
from brain.errors import BudgetExhausted
from brain.figures import dollars
from brain.runs import NOTHING_SPENT, Spending

__all__ = ["Account"]

ROUNDING = 1e-9
"""Dollars by which sums of prices may be off."""
GO_ON = "What is done is kept: resume the run with a larger --budget to go on."


class Account:
    """What was spent; a question under way is reserved at the most that it may take, so that none goes over the budget.

    With a `parent` it is the account of a part, and the parent's budget holds. Used on one event loop.
    """

    __slots__ = ("_parent", "_released", "_reserved", "_untold", "budget", "spent")

    def __init__(
        self, budget: Budget = UNLIMITED, spent: Spending = NOTHING_SPENT, *, parent: "Account | None" = None
    ) -> None:
        self.budget = budget
        self.spent = spent
        """What servers have told so far."""
        self._parent = parent
        self._reserved: list[Spending] = []
        self._untold = NOTHING_SPENT
        """The most that questions may have taken to which no answer came."""
        self._released: asyncio.Event | None = None

    async def reserve(self, most: Spending) -> None:
        """Set aside the most that a question may take, and wait where only other reservations stand in its way.

        Raises BudgetExhausted where the budget does not hold it.
        """
        if self._parent is not None:
            await self._parent.reserve(most)
        while not self._fits(most):
            self._released = self._released or asyncio.Event()
            self._released.clear()
            await self._released.wait()
        self._reserved.append(most)

    def settle(self, most: Spending, took: Spending | None) -> None:
        """Give back a reservation for what the question took; None is not known, and counts as the most."""
        self._reserved.remove(most)
        if took is None:
            self._untold += most
        else:
            self.spent += took
        if self._released is not None:
            self._released.set()
        if self._parent is not None:
            self._parent.settle(most, took)

    @property
    def at_most(self) -> Spending:
        """What may have been spent: what servers have told, and the most of what they have not."""
        return self.spent + self._untold

    def _fits(self, most: Spending) -> bool:
        used = self.at_most
        if why := self._why_not(used, most):
            raise BudgetExhausted(why)
        return not self._why_not(sum(self._reserved, used), most)

    def _why_not(self, used: Spending, most: Spending) -> str:
        """Why a question cannot be asked with so much used; empty where it can."""
        budget, would = self.budget, used + most
        if budget.tokens is not None and would.tokens > budget.tokens:
            return (
                f"The budget of {budget.tokens:,} tokens is not enough: {used.tokens:,} are used, and the next "
                f"question may take up to {most.tokens:,}. {GO_ON}"
            )
        if budget.dollars is None:
            return ""
        if used.cost_usd is None or most.cost_usd is None:
            return "" if budget.tokens is not None else NO_PRICE
        if used.cost_usd + most.cost_usd > budget.dollars + ROUNDING:
            return (
                f"The budget of {dollars(budget.dollars)} is not enough: {dollars(used.cost_usd)} is spent, and the "
                f"next question may cost up to {dollars(most.cost_usd)}. {GO_ON}"
            )
        return ""


NO_PRICE = (
    "The budget is in dollars, and the price of what the run asks is not known: resume it with a --budget in tokens, "
    "such as 20000 tokens."
)
