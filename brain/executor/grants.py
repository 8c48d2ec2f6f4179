"""The secrets that one call of a tool may ask for, and what each that it gets leaves it of the network."""

from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from brain.config_secrets import Redactor, SecretResolver
from brain.config_secrets.references import Decrypt
from brain.egress import BoundHosts, Egress
from brain.errors import SettingsError
from brain.tool_registry.definitions import SecretBinding, ToolDefinition

__all__ = ["SecretGrant"]


class SecretGrant:
    """Gives values at the moment of use; until then those of the table are ciphertext."""

    def __init__(
        self, tool: ToolDefinition, resolver: SecretResolver, redactor: Redactor, stored: Mapping[str, Decrypt]
    ) -> None:
        self._tool = tool
        self._bindings = {binding.name: binding for binding in tool.secrets}
        self._resolver = resolver
        self._redactor = redactor
        self._stored = stored
        self._bound = BoundHosts()

    @classmethod
    async def of(cls, tool: ToolDefinition, resolver: SecretResolver, redactor: Redactor) -> "SecretGrant":
        """The grant for a call that is about to be made: what the table holds now is what it can get."""
        names = [binding.name for binding in tool.secrets]
        return cls(tool, resolver, redactor, await resolver.look_up(names) if names else {})

    def secret(self, name: str) -> str:
        """The value; from now on it is redacted, and the call reaches only hosts that it may go to.

        Raises SettingsError where the tool does not bind it, or it is not set.
        """
        binding = self._bindings.get(name)
        if binding is None:
            raise SettingsError(f"{self._tool.name} may not use the secret {name}: its definition does not bind it.")
        value = self._resolver.resolve(name, self._stored)
        self._redactor.learn({name: value})
        self._bound.bind(name, (*binding.hosts, *_own_hosts(binding, value)))
        return value

    def narrow(self, egress: Egress) -> Egress:
        """The network as this call sees it."""
        return egress.narrowed(self._bound) if self._bindings else egress


def _own_hosts(binding: SecretBinding, value: str) -> tuple[str, ...]:
    """The host that a secret names which is a URL; a socket of this machine counts as localhost."""
    if not binding.own_host:
        return ()
    try:
        url = urlsplit(value)
        host = parse_qs(url.query).get("host", [url.hostname or ""])[0]
    except ValueError:
        return ()
    return ("localhost" if not host or host.startswith(("/", "@")) else host,)
