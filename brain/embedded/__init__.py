"""Real services that run from wheels, shared by every process of a project."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brain.embedded.service import Service

__all__ = ["ServiceState", "ServiceStatus", "in_use", "release", "services", "status", "stop_all"]


class ServiceState(StrEnum):
    """Whether an embedded service can be used right now."""

    RUNNING = "running"
    STOPPED = "stopped"
    UNAVAILABLE = "unavailable"
    """Its wheel is not there for this platform."""


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One embedded service of a project, as `brain status` shows it."""

    name: str
    state: ServiceState
    version: str | None = None
    address: str | None = None
    """Where it listens, without secrets; None unless it runs."""
    pid: int | None = None
    detail: str = ""


def status(state_folder: Path) -> list[ServiceStatus]:
    """What each embedded service of the project does; starts none and does not count as use."""
    return [service.status() for service in services(state_folder)]


def stop_all(state_folder: Path) -> list[str]:
    """Stop every embedded service of the project for everybody; returns the names of those that were running."""
    from brain.embedded.watchdog import watchdog_of

    stopped = [service.name for service in services(state_folder) if service.stop()]
    watchdog_of(state_folder.resolve()).stop()
    return stopped


def in_use(state_folder: Path) -> AbstractContextManager[None]:
    """Say how long this process may use the services: until the last of those who say so has left."""
    from brain.embedded.watchdog import in_use

    return in_use(state_folder.resolve())


def release(state_folder: Path) -> None:
    """Say that this process no longer uses the services, before it ends."""
    from brain.embedded.watchdog import release

    release(state_folder.resolve())


def services(state_folder: Path) -> "list[Service[Any]]":
    """Every embedded service of the project, running or not."""
    from brain.embedded.chat import Chat
    from brain.embedded.postgres import Postgres
    from brain.embedded.redis import Redis

    return [Postgres(state_folder), Redis(state_folder), Chat(state_folder)]
