from brain.progress_tracker.backend import RunSnapshot
from brain.progress_tracker.wire import decode, encode
from brain.runs import EventType, RunEvent, RunStatus, StepStatus, new_run_id, utc_now

RUN = new_run_id()
EVENTS = [
    RunEvent(RUN, 1, EventType.RUN_RUNNING, utc_now(), message="started"),
    RunEvent(RUN, 2, EventType.STEP_RUNNING, utc_now(), "load", progress_percentage=10),
    RunEvent(RUN, 3, EventType.STEP_FAILED, utc_now(), "load", 0, "item 0 is broken"),
    RunEvent(RUN, 4, EventType.STEP_SUCCEEDED, utc_now(), "load"),
    RunEvent(RUN, 5, EventType.RUN_RUNNING, utc_now(), progress_percentage=50),
    RunEvent(RUN, 6, EventType.STEP_PROGRESS, utc_now(), "chart", progress_percentage=99),
]


def test_a_snapshot_sums_its_events_up() -> None:
    snapshot = RunSnapshot(RUN).advance(EVENTS)
    assert snapshot.status is RunStatus.RUNNING
    assert snapshot.steps == {"load": StepStatus.SUCCEEDED}, "an item's state is not its step's"
    assert (snapshot.progress, snapshot.message, snapshot.seq) == (50, "item 0 is broken", 6)
    assert snapshot.updated_at == EVENTS[-1].timestamp


def test_events_that_are_counted_already_change_nothing() -> None:
    snapshot = RunSnapshot(RUN).advance(EVENTS)
    assert snapshot.advance(EVENTS[:3]) == snapshot
    assert RunSnapshot(RUN).advance(EVENTS[:3]).advance(EVENTS) == snapshot


def test_a_snapshot_survives_the_wire() -> None:
    for snapshot in (RunSnapshot(RUN), RunSnapshot(RUN).advance(EVENTS)):
        assert RunSnapshot.from_json(decode(encode(snapshot.to_json()))) == snapshot
