"""What the acceptance tests share: one project a test process, whose services stay up between tests."""

from collections.abc import Iterator

import pytest
from command_line import CommandLine, new_project, remove_project


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """The `brain` command in a project with a few sales and tools of its own."""
    made = new_project(tmp_path_factory.mktemp("acceptance") / "shop")
    yield made
    remove_project(made.project)
