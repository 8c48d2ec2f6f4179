"""What a command ends with once its run was begun."""

from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest

from brain.cli.work import follow
from brain.config_secrets import Settings
from brain.errors import DatabaseUnreachable
from brain.runs import new_run_id


class _Lost:
    """A Brain whose database went away after it had begun a run."""

    settings = Settings(project=Path())

    def watch(self, _run: UUID) -> Any:
        raise DatabaseUnreachable


@pytest.mark.parametrize("as_json", [True, False])
def test_a_database_that_goes_away_fails_a_run_that_was_begun(as_json: bool) -> None:
    assert DatabaseUnreachable.exit_code == 3
    with pytest.raises(DatabaseUnreachable) as lost:
        follow(cast("Any", _Lost()), new_run_id(), as_json=as_json)
    assert lost.value.exit_code == 1
