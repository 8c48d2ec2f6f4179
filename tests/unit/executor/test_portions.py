"""How many items a worker is handed at a time."""

from brain.executor.portions import MOST_ITEMS, PORTION_SECONDS, Portions


def test_the_first_item_goes_alone_because_nobody_knows_what_one_takes() -> None:
    assert Portions(takers=4).size(left=10_000) == 1


def test_quick_items_go_in_numbers_and_slow_ones_alone() -> None:
    quick, slow, instant = Portions(2), Portions(2), Portions(2)
    quick.learn(items=1, seconds=PORTION_SECONDS / 10)
    slow.learn(items=1, seconds=PORTION_SECONDS * 3)
    instant.learn(items=1, seconds=0)
    assert (quick.size(10_000), slow.size(10_000), instant.size(10_000)) == (10, 1, MOST_ITEMS)


def test_towards_the_end_portions_shrink_so_that_all_workers_end_together() -> None:
    portions = Portions(takers=4)
    portions.learn(items=10, seconds=0)
    assert [portions.size(left) for left in (16_000, 1600, 160, 16, 3)] == [500, 100, 10, 1, 1]


def test_what_the_last_portions_took_counts_most() -> None:
    portions = Portions(takers=1)
    portions.learn(items=1, seconds=PORTION_SECONDS)
    for _ in range(10):
        portions.learn(items=100, seconds=PORTION_SECONDS)
    assert 90 <= portions.size(100_000) <= 100
