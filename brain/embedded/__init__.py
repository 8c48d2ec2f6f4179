"""Real services that run from wheels, shared by every process of a project."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from brain.embedded.daemon import Daemon
    from brain.embedded.service import Service

__all__ = ["ServiceState", "ServiceStatus", "release", "service_daemons", "status", "stop_all", "stop_services"]


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
    from brain.embedded import chat, postgres, redis

    return [postgres.status(state_folder), redis.status(state_folder), chat.status(state_folder)]


def stop_all(state_folder: Path) -> list[str]:
    """Stop every embedded service of the project for everybody; returns the names of those that were running."""
    from brain.embedded.watchdog import watchdog_of

    stopped = stop_services(state_folder)
    watchdog_of(state_folder.resolve()).stop()
    return stopped


def stop_services(state_folder: Path) -> list[str]:
    """The same, but for the watchdog, which calls this."""
    return [service.name for service in _services(state_folder) if service.stop()]


def release(state_folder: Path) -> None:
    """Say that this process no longer uses the services, before it ends."""
    from brain.embedded.watchdog import release

    release(state_folder.resolve())


def service_daemons(state_folder: Path) -> "list[Daemon]":
    """The background programs of the services, alive or not."""
    return [service.daemon() for service in _services(state_folder)]


def _services(state_folder: Path) -> "list[Service[Any]]":
    from brain.embedded import chat, postgres, redis

    return [chat.service(state_folder), redis.service(state_folder), postgres.service(state_folder)]
