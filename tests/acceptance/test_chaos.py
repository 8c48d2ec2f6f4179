"""Twenty random kills, some of them on a Dask cluster: nothing is lost, nothing done twice, and every run ends well.

`make chaos` has two hundred, half of them on a cluster.
"""

from pathlib import Path

import pytest
from chaos import storm


@pytest.mark.timeout(400)
@pytest.mark.parametrize(("seed", "kills", "dask"), [(1, 7, False), (2, 7, False), (3, 6, True)])
def test_whatever_is_killed_no_result_is_lost_and_nothing_is_done_twice_without_a_word(
    tmp_path: Path, seed: int, kills: int, dask: bool
) -> None:
    figures = storm(tmp_path / "project", seed=seed, kills=kills, dask=dask)
    assert figures.broken == []
    assert figures.kills.total() == kills
    assert figures.sends > 0, "there was nothing that could have been done twice"
    assert figures.steps > 20
