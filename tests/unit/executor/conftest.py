"""The executor's tests work at a bench of plain functions."""

import pytest
from workbench import Workbench, workbench


@pytest.fixture
def bench() -> Workbench:
    return workbench()
