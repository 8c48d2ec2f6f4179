"""Settings from `.env` and the environment, `${secret:NAME}` references, and the redaction of what they stand for."""

from brain.config_secrets.contents import ContentRedactor
from brain.config_secrets.logs import install_log_redaction, redacted
from brain.config_secrets.redaction import SHORTEST_SECRET, Redactor
from brain.config_secrets.references import (
    NEVER_REFERENCED,
    SECRET_REFERENCE,
    SecretResolver,
    SecretTable,
    wrong_secret_name,
)
from brain.config_secrets.settings import ProjectEnvironment, Settings, find_project, load_settings

__all__ = [
    "NEVER_REFERENCED",
    "SECRET_REFERENCE",
    "SHORTEST_SECRET",
    "ContentRedactor",
    "ProjectEnvironment",
    "Redactor",
    "SecretResolver",
    "SecretTable",
    "Settings",
    "find_project",
    "install_log_redaction",
    "load_settings",
    "redacted",
    "wrong_secret_name",
]
