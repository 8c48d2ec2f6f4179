"""`brain.secret`: the value of a secret for code of the project's own, such as a notebook, at the moment of use."""

from brain.config_secrets import SECRET_REFERENCE, ProjectEnvironment, SecretResolver, load_settings, wrong_secret_name
from brain.errors import SettingsError, UsageError
from brain.notebook_runs.secrecy import tell_of_secret

__all__ = ["reveal", "secret"]


def secret(name: str) -> str:
    """The value of a secret by its name, or by a reference to it (`${secret:NAME}`).

    It comes from `.env` or the environment, else from the table of secrets. The output of a cell names the secret, and
    notebooks that the Brain writes hold a reference wherever its value would stand. Raises SettingsError where it is
    not set, or is one that the Brain itself lives on; UsageError for a name that is none.
    """
    if not isinstance(name, str):
        raise UsageError(f"A secret is named by a text, such as 'SHOP_TOKEN', not by a {type(name).__name__}.")
    reference = SECRET_REFERENCE.fullmatch(name)
    plain = name if reference is None else reference[1]
    value = reveal(plain)
    tell_of_secret(plain, value)
    return value


def reveal(name: str) -> str:
    """The value alone; raises SettingsError."""
    settings = load_settings()
    try:
        return SecretResolver(ProjectEnvironment(settings.project)).resolve(name)
    except SettingsError:
        if wrong_secret_name(name) is not None or not settings.secrets_keys:
            raise
    from brain.session.brain import Brain

    with Brain(settings=settings) as brain:
        return brain.secret_value(name)
