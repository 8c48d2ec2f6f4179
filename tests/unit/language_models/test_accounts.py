"""Who pays for questions to a model, and when there is nothing left to pay with."""

import asyncio

import pytest

from brain.budgets import Budget
from brain.errors import BudgetExhausted
from brain.language_models import Account
from brain.runs import Spending


async def test_a_question_is_settled_for_what_it_took() -> None:
    account = Account(Budget(tokens=1000))
    await account.reserve(most := Spending(300, 600, None))
    account.settle(most, Spending(100, 50, 0.25))
    assert account.spent == Spending(100, 50, 0.25)
    await account.reserve(Spending(250, 600, None))


async def test_a_question_that_may_take_more_than_is_left_is_not_asked() -> None:
    account = Account(Budget(tokens=1000), Spending(400, 200, 0.0))
    with pytest.raises(BudgetExhausted) as caught:
        await account.reserve(Spending(100, 301, 0.0))
    assert str(caught.value) == (
        "The budget of 1,000 tokens is not enough: 600 are used, and the next question may take up to 401. "
        "What is done is kept: resume the run with a larger --budget to go on."
    )


async def test_dollars_are_held_to_the_cent_and_below() -> None:
    account = Account(Budget(dollars=0.05), Spending(10, 10, 0.0432))
    await account.reserve(most := Spending(1, 1, 0.0068))
    account.settle(most, Spending(1, 1, 0.0))
    with pytest.raises(
        BudgetExhausted, match=r"^The budget of \$0\.05 is not enough: \$0\.043 is spent, .* cost up to \$0\.0069\."
    ):
        await account.reserve(Spending(1, 1, 0.0069))


async def test_questions_at_once_wait_for_one_another_rather_than_go_over_the_budget() -> None:
    account = Account(Budget(tokens=1000))
    most, under_way, at_once = Spending(0, 600, 0.0), 0, []

    async def ask() -> None:
        nonlocal under_way
        await account.reserve(most)
        under_way += 1
        at_once.append(under_way)
        await asyncio.sleep(0)
        under_way -= 1
        account.settle(most, Spending(0, 50, 0.0))

    async with asyncio.timeout(5):
        await asyncio.gather(*(ask() for _ in range(5)))
    assert max(at_once) == 1
    assert account.spent.tokens == 250


async def test_one_that_waits_is_refused_once_what_it_waits_for_has_used_the_budget_up() -> None:
    account = Account(Budget(tokens=1000))
    await account.reserve(most := Spending(0, 600, 0.0))
    waiting = asyncio.create_task(account.reserve(most))
    await asyncio.sleep(0)
    assert not waiting.done()
    account.settle(most, Spending(0, 599, 0.0))
    with pytest.raises(BudgetExhausted):
        await waiting


async def test_a_question_without_an_answer_counts_as_the_most_that_it_may_have_taken() -> None:
    account = Account(Budget(tokens=1000))
    await account.reserve(most := Spending(0, 600, 0.0))
    account.settle(most, None)
    assert account.spent == Spending()
    with pytest.raises(BudgetExhausted):
        await account.reserve(most)


async def test_the_parts_of_a_run_share_its_budget_and_each_knows_what_it_took() -> None:
    run = Account(Budget(tokens=1000))
    first, second = Account(parent=run), Account(parent=run)
    await first.reserve(most := Spending(0, 600, 0.0))
    first.settle(most, Spending(0, 500, 0.0))
    with pytest.raises(BudgetExhausted):
        await second.reserve(most)
    assert (run.spent.tokens, first.spent.tokens, second.spent.tokens) == (500, 500, 0)


async def test_without_a_price_tokens_count_and_dollars_alone_cannot_be_held() -> None:
    unpriced = Spending(0, 600, None)
    both = Account(Budget(dollars=0.01, tokens=1000))
    await both.reserve(unpriced)
    both.settle(unpriced, unpriced)
    with pytest.raises(BudgetExhausted, match="The budget of 1,000 tokens is not enough"):
        await both.reserve(unpriced)
    with pytest.raises(BudgetExhausted, match="the price of what the run asks is not known: resume it with a --budget"):
        await Account(Budget(dollars=0.01)).reserve(unpriced)


def test_a_sum_with_something_unknown_in_it_is_unknown() -> None:
    assert Spending(1, 2, 0.5) + Spending(3, 4, 0.25) == Spending(4, 6, 0.75)
    assert Spending(1, 2, 0.5) + Spending(3, 4, None) == Spending(4, 6, None)
