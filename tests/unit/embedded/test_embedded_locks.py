import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from brain.embedded.locks import exclusive, is_locked, try_exclusive

HOLDER = "import sys, time; from pathlib import Path; from brain.embedded.locks import try_exclusive;"


def test_a_lock_that_nobody_made_is_free(tmp_path: Path) -> None:
    assert not is_locked(tmp_path / "lock")


def test_only_one_can_hold_a_lock(tmp_path: Path) -> None:
    lock = try_exclusive(tmp_path / "lock")
    assert lock is not None
    assert is_locked(tmp_path / "lock")
    assert try_exclusive(tmp_path / "lock") is None
    os.close(lock)
    assert not is_locked(tmp_path / "lock")


def test_a_killed_holder_leaves_the_lock_free(tmp_path: Path) -> None:
    code = f"{HOLDER} try_exclusive(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, tmp_path / "lock"], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert is_locked(tmp_path / "lock")
        holder.kill()
    assert not is_locked(tmp_path / "lock")


def test_a_process_that_inherits_a_lock_holds_it_to_its_end(tmp_path: Path) -> None:
    lock = try_exclusive(tmp_path / "lock")
    assert lock is not None
    with subprocess.Popen(["sleep", "60"], pass_fds=(lock,)) as heir:
        os.close(lock)
        assert is_locked(tmp_path / "lock")
        heir.kill()
    assert not is_locked(tmp_path / "lock")


def test_looking_at_a_lock_never_keeps_another_from_taking_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    with ThreadPoolExecutor(4) as pool:
        glances = [pool.submit(lambda: [is_locked(path) for _ in range(300)]) for _ in range(3)]
        for _ in range(50):
            lock = try_exclusive(path)
            assert lock is not None
            os.close(lock)
    assert len([seen for glance in glances for seen in glance.result()]) == 900


def test_waiting_for_a_lock_ends(tmp_path: Path) -> None:
    with exclusive(tmp_path / "lock", 1), pytest.raises(TimeoutError, match="busy"), exclusive(tmp_path / "lock", 0.05):
        pass
    with exclusive(tmp_path / "lock", 0.05):
        assert is_locked(tmp_path / "lock")
