"""The secrets that one call of a tool may ask for, and what each that it gets leaves it of the network."""

from collections.abc import Mapping

from brain.config_secrets import Redactor, SecretResolver
from brain.config_secrets.references import Decrypt
from brain.egress import BoundHosts, Egress
from brain.errors import SettingsError
from brain.tool_registry.definitions import ToolDefinition

__all__ = ["SecretGrant"]


class SecretGrant:
    """Gives values at the moment of use; until then those of the table are ciphertext."""

    def __init__(
        self, tool: ToolDefinition, resolver: SecretResolver, redactor: Redactor, stored: Mapping[str, Decrypt]
    ) -> None:
        self._tool = tool
        self._hosts = {binding.name: binding.hosts for binding in tool.secrets}
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
        if name not in self._hosts:
            raise SettingsError(f"{self._tool.name} may not use the secret {name}: its definition does not bind it.")
        value = self._resolver.resolve(name, self._stored)
        self._redactor.learn({name: value})
        self._bound.bind(name, self._hosts[name])
        return value

    def narrow(self, egress: Egress) -> Egress:
        """The network as this call sees it."""
        return egress.narrowed(self._bound) if self._hosts else egress
