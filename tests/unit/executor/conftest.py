"""The executor's tests work at a bench of plain functions, once in this process and once as a cluster would."""

import pytest
from workbench import Workbench, workbench

from brain.executor.in_process import InProcessCluster


@pytest.fixture(params=["here", "on workers"])
def bench(request: pytest.FixtureRequest) -> Workbench:
    made = workbench()
    if request.param == "on workers":
        made.cluster = InProcessCluster(made, slots=16, takes=lambda step: step.definition.limits.rate is None)
    return made
