"""The stores of a project, opened together: what needs the database, and the runner that writes into it."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

from brain.config_secrets import Redactor, Settings
from brain.knowledge_base.statements import HEARTBEAT_SECONDS
from brain.progress_tracker.listener import RunPosition
from brain.progress_tracker.tracker import ProgressTracker
from brain.session.services import event_backends, open_schema, open_services, rate_limiter, start_postgres

if TYPE_CHECKING:
    # loaded where the stores are opened: SQLAlchemy takes longer to load than everything else here
    from brain.knowledge_base.batches import BatchStore
    from brain.knowledge_base.frames import Frames
    from brain.knowledge_base.store import RunStore
    from brain.knowledge_base.suites import SuiteStore
    from brain.rate_limits.limiter import RateLimiter
    from brain.session.runner import Runner
    from brain.vault import Vault

__all__ = ["Stores", "open_stores"]

type MakeRunner = Callable[["RunStore", ProgressTracker, "RateLimiter"], "Runner"]
type Learn = Callable[["Vault"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Stores:
    """What is there once the services are up."""

    store: "RunStore"
    batches: "BatchStore"
    suites: "SuiteStore"
    frames: "Frames"
    tracker: ProgressTracker
    runner: "Runner"
    vault: "Vault"


async def open_stores(
    settings: Settings, redactor: Redactor, learn: Learn, make_runner: MakeRunner, stack: AsyncExitStack
) -> Stores:
    """Use or start the services, and open everything on them; the stack closes it again, the runner first.

    `learn` is told of the vault before anything is read or written. Raises SettingsError, ServiceError, DatabaseError.
    """
    from brain.database.engine import Database
    from brain.knowledge_base.batches import BatchStore
    from brain.knowledge_base.frames import Frames
    from brain.knowledge_base.store import RunStore
    from brain.knowledge_base.suites import SuiteStore
    from brain.vault import KeyRing, Vault

    urls = await open_services(settings)
    async with AsyncExitStack() as made:
        start = partial(start_postgres, settings) if urls.is_embedded else None
        database = await made.enter_async_context(Database(urls.database, urls.reader, start))
        await open_schema(database, urls)
        vault = Vault(database, KeyRing(settings.secrets_keys))
        await learn(vault)
        store = RunStore(database, redactor)
        keep = timedelta(hours=settings.brain_event_ttl_hours)
        backends = event_backends(urls, database, keep)
        tracker = ProgressTracker(*backends, partial(_position_of, store), redactor)
        await made.enter_async_context(tracker)
        rates = rate_limiter(urls, database)
        made.push_async_callback(rates.aclose)
        runner = make_runner(store, tracker, rates)
        made.push_async_callback(runner.close)
        stack.push_async_callback(made.pop_all().aclose)
    batches, suites = BatchStore(database, redactor), SuiteStore(database, redactor)
    return Stores(store, batches, suites, Frames(database), tracker, runner, vault)


async def _position_of(store: "RunStore", run_id: UUID, /) -> RunPosition | None:
    """What a run's row tells a listener."""
    await store.mark_stale()
    at = await store.position(run_id)
    alive = at.heartbeat_age is not None and at.heartbeat_age < HEARTBEAT_SECONDS
    return RunPosition(at.status, at.backend, at.last_seq, alive)
