"""What `tools.json` says about a tool: the Model Context Protocol's tool shape with what the Brain adds."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator
from pydantic.alias_generators import to_camel

from brain.addresses import BOUND_HOST
from brain.config_secrets import wrong_secret_name
from brain.durations import Duration, Timeout
from brain.rates import RateText

__all__ = [
    "JsonSchema",
    "Sample",
    "SecretBinding",
    "ToolAnnotations",
    "ToolDefinition",
    "ToolExample",
    "ToolLimits",
    "ToolRun",
]

type JsonSchema = dict[str, Any]

ToolName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,128}$")]
"""What the Model Context Protocol allows (2025-11-25); the project's own are `family.verb`, as in `table.read`."""


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class ToolAnnotations(_Shape):
    """Hints in the Model Context Protocol's words; the defaults are the protocol's, which assume the worst."""

    title: str | None = None
    read_only_hint: bool = False
    destructive_hint: bool = True
    idempotent_hint: bool = False
    open_world_hint: bool = True


def _secret_name(name: str) -> str:
    if problem := wrong_secret_name(name):
        raise ValueError(f'"{name}" {problem}')
    return name


def _bound_host(host: str) -> str:
    if not BOUND_HOST.fullmatch(host):
        raise ValueError(
            f'"{host}" must be a host as in api.example.com, or *.example.com, without scheme, port or path'
        )
    return host


class SecretBinding(_Shape):
    """A secret that the tool may use, and the hosts that a call may reach once it has been given it."""

    name: Annotated[str, AfterValidator(_secret_name)]
    hosts: tuple[Annotated[str, AfterValidator(_bound_host)], ...] = ()
    """Without any, a call that has been given the secret reaches no host at all."""
    own_host: bool = False
    """Whether the secret is a URL and may also go to the host that it names."""


class ToolLimits(_Shape):
    """How much of a tool there may be; a call that is one too many waits for its turn."""

    concurrent: Annotated[int, Field(strict=True, ge=1, le=1000)] | None = None
    """Calls at the same time in one process, over all its runs."""
    rate: RateText | None = None
    """Calls that begin in a while (`5/s`), over all processes together."""


class ToolRun(_Shape):
    """What a call runs: one of the two."""

    python: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")] | None = None
    """A Python callable, written `package.module:function`."""
    notebook: Annotated[str, StringConstraints(pattern=r"^[^/].*\.ipynb$")] | None = None
    """A notebook, as seen from the project folder; the arguments are its parameters."""
    process: bool = False
    """Whether a call gets a process of its own, rather than a thread: for work that keeps a core busy."""

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if (self.python is None) == (self.notebook is None):
            raise ValueError("takes `python` or `notebook`")
        if self.notebook is not None and self.process:
            raise ValueError("has `process`, and a notebook has a process of its own anyway")
        return self

    def __str__(self) -> str:
        return self.python or self.notebook or ""


class Sample(_Shape):
    """What a reference in an example stands for when the example is run: one of the three."""

    value: Any = None
    """A JSON value as it is."""
    rows: tuple[dict[str, Any], ...] | None = None
    """A table, row by row."""
    tool: ToolName | None = None
    """What a call of this tool gives, with `arguments` that may refer to other samples."""
    arguments: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        kinds = self.model_fields_set & {"value", "rows", "tool"}
        if len(kinds) != 1 or ("arguments" in self.model_fields_set and kinds != {"tool"}):
            raise ValueError("takes `value`, or `rows`, or `tool` with `arguments`")
        return self


class ToolExample(_Shape):
    """A call that shows the tool at work; `brain tools test` makes it."""

    description: str
    arguments: dict[str, Any]
    samples: dict[str, Sample] = Field(default_factory=dict)
    """What the first names of references in the arguments stand for, beside the file's own samples."""


class ToolDefinition(_Shape):
    """One tool: what it is for, what it takes and gives, and where its code is."""

    name: ToolName
    description: Annotated[str, StringConstraints(min_length=1)]
    input_schema: JsonSchema
    output_schema: JsonSchema = Field(default_factory=dict)
    annotations: ToolAnnotations = ToolAnnotations()
    version: str = "1"
    secrets: tuple[SecretBinding, ...] = ()
    uses_model: bool = False
    """Whether it sends what it is given to the chat model."""
    cache: Duration | None = None
    """How long a result may stand for another call with the same arguments (`1h`); None: never."""
    timeout: Timeout | None = None
    """How long one call may take, where the step does not say (`30s`)."""
    limits: ToolLimits = ToolLimits()
    examples: tuple[ToolExample, ...] = ()
    run: ToolRun | None = None
    """None: the tool can be planned with, not executed."""

    @field_validator("input_schema")
    @classmethod
    def _spell_out(cls, schema: JsonSchema) -> JsonSchema:
        """Arguments that are described by `true` or `false` alone get the objects that mean the same."""
        properties = schema.get("properties")
        if not isinstance(properties, dict) or not any(isinstance(given, bool) for given in properties.values()):
            return schema
        spelt: dict[bool, JsonSchema] = {True: {}, False: {"not": {}}}
        return {
            **schema,
            "properties": {
                name: spelt[given] if isinstance(given, bool) else given for name, given in properties.items()
            },
        }

    @property
    def is_read_only(self) -> bool:
        """Whether the tool changes nothing outside the Brain, so that it needs no approval."""
        return self.annotations.read_only_hint

    @property
    def is_repeatable(self) -> bool:
        """Whether calling it twice is harmless, so that it may be retried and run again after a crash."""
        return self.annotations.read_only_hint or self.annotations.idempotent_hint

    @property
    def wants_process(self) -> bool:
        """Whether its calls are made in a process of their own."""
        return self.run is not None and self.run.process

    @property
    def family(self) -> str:
        """The part of the name before the first dot."""
        return self.name.partition(".")[0]

    @property
    def parameters(self) -> dict[str, JsonSchema]:
        """The JSON schema of each argument by name."""
        properties: dict[str, JsonSchema] = self.input_schema.get("properties", {})
        return properties

    @property
    def required(self) -> frozenset[str]:
        """The names of the arguments that must be given."""
        return frozenset(self.input_schema.get("required", ()))
