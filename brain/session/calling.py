"""How tools are called in this process: with the project, the network, the model and the secrets that settings name."""

from collections.abc import Callable
from functools import partial
from typing import Any

from brain.artifacts import ArtifactCodec
from brain.config_secrets import ProjectEnvironment, Redactor, SecretResolver, SecretTable, Settings
from brain.egress import Egress
from brain.executor.local import LocalCaller, Surroundings
from brain.executor.processes import Processes
from brain.language_models import ChatModel
from brain.notebook_runs.runners import OpenRunners
from brain.session.services import egress_policy
from brain.tool_registry.context import SharedResources
from brain.tool_registry.registry import load

__all__ = ["local_caller", "notebook_runners"]


def notebook_runners(settings: Settings) -> OpenRunners:
    """What opens the processes that run a project's notebooks; the calls of `notebook.run` share them."""
    return OpenRunners(settings.project, settings.artifacts_url, settings.brain_warm_kernels == "on")


def local_caller(
    settings: Settings, *, importing: Callable[[str], Any], codec: ArtifactCodec, model: ChatModel,
    secrets: SecretTable, redactor: Redactor, shared: SharedResources,
) -> LocalCaller:  # fmt: skip
    """The caller of a project's tools; `importing` finds the modules of its own, `secrets` is the table of them."""
    around = Surroundings(
        project=settings.project, codec=codec, egress=Egress(egress_policy(settings)), model=model,
        secrets=SecretResolver(ProjectEnvironment(settings.project), secrets), redactor=redactor, shared=shared,
        chromium=settings.brain_chromium, warm_kernels=settings.brain_warm_kernels == "on",
        artifacts_url=settings.artifacts_url,
        processes=Processes(settings.project, settings.brain_max_processes),
    )  # fmt: skip
    return LocalCaller(partial(load, importing=importing), around, max_parallel=settings.brain_max_parallel)
