"""Settings: the one module that reads the environment and the settings file.

Precedence: argument, then environment, then the project's file, then ``~/.continuum/config.json``, then default. A
project's file is the nearest ``.continuum/config.json`` at or above the working folder; ``continuum init`` writes it,
and it may say where the store is and which tenant is meant, nothing else, because a folder can come from a stranger.
The result is frozen; layers below receive plain values. What is unknown, contradictory or asks for a feature that is
not part of this version is refused when the settings are loaded, never ignored.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, get_args

from continuum.core.constants import DEFAULT_PORT, DEFAULT_TENANT, PI_PHI
from continuum.core.service_settings import CHOICES, SERVICE_BOUNDS, ServiceSettings
from continuum.core.setting import Secret, setting
from continuum.domain.addresses import checked_address, without_password
from continuum.domain.ids import checked_name
from continuum.domain.records import Json
from continuum.errors import ConfigurationError

Environment = Literal["dev", "staging", "production"]
Source = Literal["argument", "environment", "project", "file", "default"]


@dataclass(frozen=True, slots=True)
class MemoryConfig(ServiceSettings):
    """Everything that can be set. Each field has a default, a unit and a line of help; docs list them all.

    Raises ConfigurationError when a value is of the wrong type or out of its range.
    """

    db_path: Path = setting(Path("./continuum_data/memory.db"), "SQLite file of the store", env="CONTINUUM_DB_PATH")
    storage: str | None = setting(
        None, "path or URL of the store; takes the place of db_path", env="CONTINUUM_STORAGE", shown=False
    )
    postgres_url: Secret | None = setting(
        None, "PostgreSQL server that holds the store, unless storage is given", env="POSTGRES_URL"
    )
    postgres_pool_size: int = setting(10, "connections that are kept", env="POSTGRES_POOL_SIZE")
    postgres_max_overflow: int = setting(
        20, "connections beyond those, closed again when they are idle", env="POSTGRES_MAX_OVERFLOW"
    )
    postgres_replica_url: Secret | None = setting(
        None, "replicas that recalls may read, separated by commas", env="POSTGRES_REPLICA_URL"
    )
    postgres_partitions: int = setting(
        16, "hash partitions of each table, fixed when the store is made", env="POSTGRES_PARTITIONS"
    )
    postgres_unsafe_role: str | None = setting(
        None,
        "name of a role that may run statements although row level security does not bind it",
        env="POSTGRES_UNSAFE_ROLE",
    )
    tenant_id: str = setting(DEFAULT_TENANT, "tenant used when none is named", env="CONTINUUM_TENANT_ID")
    instance_id: str | None = setting(
        None, "name of this instance; made from tenant and start time if empty", env="CONTINUUM_INSTANCE_ID"
    )
    env: Environment = setting("dev", "dev, staging or production", env="CONTINUUM_ENV")
    db_timeout: float = setting(30.0, "longest wait for other writers", unit="seconds", env="CONTINUUM_DB_TIMEOUT")
    cache_enabled: bool = setting(False, "keep answers of recall in memory", env="CONTINUUM_CACHE_ENABLED")
    cache_ttl: int = setting(300, "longest life of a cached answer", unit="seconds", env="CONTINUUM_CACHE_TTL")
    cache_max_entries: int = setting(1_024, "most cached answers of one process", env="CONTINUUM_CACHE_MAX_ENTRIES")
    cache_strategy: str = setting(
        "lru", "which answer makes room first: lru, lfu or ttl", env="CONTINUUM_CACHE_STRATEGY"
    )
    cache_max_bytes: int = setting(
        67_108_864, "most bytes of cached answers of one process", unit="bytes", env="CONTINUUM_CACHE_MAX_BYTES"
    )
    cache_tenant_share: float = setting(
        0.5, "share of the cache that one tenant keeps when others want room", env="CONTINUUM_CACHE_TENANT_SHARE"
    )
    cache_redis_budget: float = setting(
        0.02, "longest wait for the shared cache", unit="seconds", env="CONTINUUM_CACHE_REDIS_BUDGET"
    )
    api_host: str = setting("127.0.0.1", "address to serve on", env="CONTINUUM_API_HOST")
    api_port: int = setting(DEFAULT_PORT, "port to serve on", env="CONTINUUM_API_PORT")
    enable_embeddings: bool = setting(False, "compute and search vectors", env="CONTINUUM_ENABLE_EMBEDDINGS")
    embedding_provider: str = setting(
        "minilm",
        "minilm, static, sentence-transformers:NAME, openai:MODEL or ollama:MODEL",
        env="CONTINUUM_EMBEDDING_PROVIDER",
    )
    embedding_url: str | None = setting(
        None, "base address of an HTTP embedding provider", env="CONTINUUM_EMBEDDING_URL"
    )
    embedding_api_key: Secret | None = setting(
        None, "key of an HTTP embedding provider", env="CONTINUUM_EMBEDDING_API_KEY"
    )
    hebbian_rate: float = setting(0.1, "share of what is left that a repeated link gains", env="CONTINUUM_HEBBIAN_RATE")
    initial_link_strength: float = setting(
        0.5, "strength of a first co-occurrence", env="CONTINUUM_INITIAL_LINK_STRENGTH"
    )
    min_link_strength: float = setting(0.3, "weaker links are not walked", env="CONTINUUM_MIN_LINK_STRENGTH")
    resonance_decay: float = setting(
        0.95, "share of activation that survives one step over a link", env="CONTINUUM_RESONANCE_DECAY"
    )
    working_memory_capacity: int = setting(
        7, "latest concepts of this instance that stay active", env="CONTINUUM_WORKING_MEMORY_CAPACITY"
    )
    use_half_life_days: float = setting(
        60.0, "time after which half of the strength from use is gone", unit="days", env="CONTINUUM_USE_HALF_LIFE_DAYS"
    )
    recall_id_days: int = setting(
        30, "how long feedback on a recall is taken", unit="days", env="CONTINUUM_RECALL_ID_DAYS"
    )
    learned_ranking: bool = setting(
        True,
        "rank by a tenant's own signal weights where feedback shows that they are better",
        env="CONTINUUM_LEARNED_RANKING",
    )
    detect_use: bool = setting(
        False, "count a recalled memory as used when the answer plainly repeats it", env="CONTINUUM_DETECT_USE"
    )
    redact_secrets: bool = setting(
        True, "replace keys, tokens, passwords and cards before anything is stored", env="CONTINUUM_REDACT_SECRETS"
    )
    secret_kinds: str | None = setting(
        None, "kinds of secrets to replace, separated by commas; all if empty", env="CONTINUUM_SECRET_KINDS"
    )
    redact_private: bool = setting(
        True, "never store what stands between <private> and </private>", env="CONTINUUM_REDACT_PRIVATE"
    )
    hold_back_suspicious: bool = setting(
        True,
        "recall what reads like an order to a model only where it came from",
        env="CONTINUUM_HOLD_BACK_SUSPICIOUS",
    )
    suspicion_threshold: float = setting(
        0.5, "score from which a message counts as suspicious", env="CONTINUUM_SUSPICION_THRESHOLD"
    )
    min_trust: float = setting(
        0.0, "least trust of what recall shows, unless recall says otherwise", env="CONTINUUM_MIN_TRUST"
    )
    origin_key: Secret | None = setting(
        None, "key that seals origin and words of each message", env="CONTINUUM_ORIGIN_KEY"
    )
    max_context_tokens: int = setting(
        2_000,
        "size of context_string unless recall says otherwise",
        unit="tokens",
        env="CONTINUUM_MAX_CONTEXT_TOKENS",
    )
    max_text_bytes: int = setting(
        1_048_576, "largest text of one message", unit="bytes of UTF-8", env="CONTINUUM_MAX_TEXT_BYTES"
    )
    max_metadata_bytes: int = setting(
        65_536, "largest metadata of one message", unit="bytes of JSON", env="CONTINUUM_MAX_METADATA_BYTES"
    )
    index_memory_mb: int = setting(
        512, "memory for the indexes of the tenants in use", unit="MiB", env="CONTINUUM_INDEX_MEMORY_MB"
    )

    def __post_init__(self) -> None:
        for each in fields(self):
            object.__setattr__(self, each.name, _typed(each.name, getattr(self, each.name)))
        checked_name(self.tenant_id, "tenant_id")
        if self.instance_id is not None:
            checked_name(self.instance_id, "instance_id")
        _check_ranges(self)

    @property
    def pi_phi(self) -> float:
        """π×φ, as the specification prints it."""
        return PI_PHI

    @classmethod
    def load(cls, path: Path | None = None, **arguments: Json) -> MemoryConfig:
        """Arguments over environment over file over defaults. Raises ConfigurationError."""
        return load_settings(path, os.environ, arguments).config

    def to_dict(self) -> dict[str, Json]:
        """JSON-ready values, as the settings file takes them; secrets are left out."""
        return {
            each.name: str(value) if isinstance(value := getattr(self, each.name), Path) else value
            for each in fields(self)
            if not isinstance(getattr(self, each.name), Secret)
        } | {"storage": None if self.storage is None else without_password(self.storage)}

    @property
    def store(self) -> str:
        """The path or URL of the store in use, with its password: not to be shown."""
        if self.storage is not None:
            return self.storage
        return str(self.db_path) if self.postgres_url is None else self.postgres_url.reveal()

    def save(self, path: Path) -> None:
        """Write the settings as a file that `load` takes; the folder is made if it is missing."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.to_dict(), indent=2) + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings in force, where each came from, and the file that was read (or would have been)."""

    config: MemoryConfig
    sources: Mapping[str, Source]
    path: Path


_KINDS: dict[str, type] = {"db_path": Path}
_BOUNDS: dict[str, tuple[float, float]] = {
    "db_timeout": (0.001, 3_600),
    "postgres_pool_size": (1, 1_000),
    "postgres_max_overflow": (0, 1_000),
    "postgres_partitions": (1, 1_024),
    "cache_ttl": (1, 86_400 * 365),
    "cache_max_entries": (1, 1_000_000),
    "cache_max_bytes": (65_536, 1 << 40),
    "cache_tenant_share": (0.01, 1),
    "cache_redis_budget": (0.001, 5),
    "api_port": (0, 65_535),
    "hebbian_rate": (0, 1),
    "initial_link_strength": (0, 1),
    "min_link_strength": (0, 1),
    "resonance_decay": (0, 1),
    "working_memory_capacity": (0, 1_000),
    "use_half_life_days": (0.01, 36_500),
    "recall_id_days": (1, 36_500),
    "suspicion_threshold": (0.1, 1),
    "min_trust": (0, 1),
    "max_context_tokens": (1, 1_000_000),
    "max_text_bytes": (1, 64 * 1_048_576),
    "max_metadata_bytes": (2, 16 * 1_048_576),
    "index_memory_mb": (1, 1_048_576),
    **SERVICE_BOUNDS,
}

# Features of the specification that this version does not have yet. Their settings are refused, not ignored.
_ABSENT_ALWAYS: dict[str, str] = {
    "CONTINUUM_ENCRYPTION_KEY": "encryption at rest",
    "CONTINUUM_ENABLE_FEDERATION": "federation",
    "CONTINUUM_ENABLE_WEBHOOKS": "webhooks",
}
# These names belong to other programs too: a host application may set them for itself, so only `continuum serve`,
# which owns its process, refuses them.
_ABSENT_IN_SERVICE: dict[str, str] = {
    "STRIPE_SECRET_KEY": "billing",
    "STRIPE_WEBHOOK_SECRET": "billing",
    "STRIPE_PRICE_ID_BASIC": "billing",
    "STRIPE_PRICE_ID_PRO": "billing",
}
_SWITCHES = {"CONTINUUM_ENABLE_FEDERATION", "CONTINUUM_ENABLE_WEBHOOKS"}
_OFF = {"", "0", "false", "no", "off"}
_ON = {"1", "true", "yes", "on"}
CONFIG_DIR_VARIABLE = "CONTINUUM_CONFIG_DIR"
PROJECT_KEYS = ("db_path", "tenant_id")


def default_settings_path(environ: Mapping[str, str] | None = None) -> Path:
    """``~/.continuum/config.json``, or the folder named by CONTINUUM_CONFIG_DIR."""
    environ = os.environ if environ is None else environ
    folder = environ.get(CONFIG_DIR_VARIABLE)
    return (Path(folder) if folder else Path.home() / ".continuum") / "config.json"


def project_settings_path(folder: Path) -> Path:
    """Where a project keeps its own settings."""
    return folder / ".continuum" / "config.json"


def load_settings(
    path: Path | None = None,
    environ: Mapping[str, str] | None = None,
    arguments: Mapping[str, Json] | None = None,
    folder: Path | None = None,
) -> LoadedSettings:
    """Merge the sources and say which one each setting came from; `folder` is the working folder.

    A named `path` must exist; the default one may be missing. Arguments that are None count as not given.
    Raises ConfigurationError.
    """
    environ = os.environ if environ is None else environ
    target = path or default_settings_path(environ)
    layers: list[tuple[Source, Mapping[str, Json]]] = [
        ("file", _read_file(target, required=path is not None)),
        ("project", {} if path is not None else _read_project(folder or Path.cwd(), target)),
        ("environment", _read_environment(environ)),
        ("argument", {k: v for k, v in (arguments or {}).items() if v is not None}),
    ]
    values: dict[str, Json] = {}
    sources: dict[str, Source] = {each.name: "default" for each in fields(MemoryConfig)}
    for source, layer in layers:
        for name, value in layer.items():
            _refuse_unknown(name, sources, source)
            values[name] = value
            sources[name] = source
    for name in _outdone_stores(sources):
        del values[name]
        sources[name] = "default"
    return LoadedSettings(MemoryConfig(**values), sources, target)


_RANK: dict[Source, int] = {"default": 0, "file": 1, "project": 2, "environment": 3, "argument": 4}


def _outdone_stores(sources: Mapping[str, Source]) -> list[str]:
    """Settings that name a store, where another one is named by something that goes before."""
    named = {name: _RANK[sources[name]] for name in ("storage", "postgres_url", "db_path")}
    return [name for name, rank in named.items() if 0 < rank < max(named.values())]


def refuse_absent_service_features(environ: Mapping[str, str] | None = None) -> None:
    """Raise ConfigurationError if the environment asks the service for something it does not have yet."""
    environ = os.environ if environ is None else environ
    for variable, feature in _ABSENT_IN_SERVICE.items():
        if environ.get(variable, "") != "":
            raise _absent(variable, feature)


def _absent(variable: str, feature: str) -> ConfigurationError:
    return ConfigurationError(
        f"{variable} is set, but {feature} is not part of this version; unset {variable} to go on"
    )


def _read_environment(environ: Mapping[str, str]) -> dict[str, Json]:
    for variable, feature in _ABSENT_ALWAYS.items():
        value = environ.get(variable, "")
        if value != "" and not (variable in _SWITCHES and value.strip().lower() in _OFF):
            raise _absent(variable, feature)
    known = {each.metadata["env"]: each.name for each in fields(MemoryConfig)}
    accepted = {*known, *_ABSENT_ALWAYS, CONFIG_DIR_VARIABLE}
    for variable in environ:
        if variable.startswith("CONTINUUM_") and variable not in accepted:
            raise ConfigurationError(f"unknown environment variable {variable}{_nearest(variable, accepted)}")
    return {name: environ[variable] for variable, name in known.items() if environ.get(variable, "") != ""}


def _read_file(path: Path, *, required: bool) -> dict[str, Json]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if required:
            raise ConfigurationError(f"settings file {path} does not exist") from None
        return {}
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigurationError(f"settings file {path} cannot be read: {exc}") from exc
    try:
        content = json.loads(text)
    except json.JSONDecodeError as exc:
        raise ConfigurationError(f"settings file {path} is not JSON: {exc}") from exc
    if not isinstance(content, dict):
        raise ConfigurationError(f"settings file {path} must hold one JSON object")
    return content


def read_project_file(path: Path) -> dict[str, Json]:
    """What a project's file says now. Raises ConfigurationError."""
    return _read_file(path, required=True)


def _read_project(folder: Path, personal: Path) -> dict[str, Json]:
    """The nearest project file's keys, with its db_path made absolute; {} if there is none."""
    for home in (folder, *folder.parents):
        path = project_settings_path(home)
        if path == personal or not path.is_file():
            continue
        content = _read_file(path, required=True)
        for name in content:
            if name not in PROJECT_KEYS:
                raise ConfigurationError(
                    f"{path} sets {name!r}; a project's file may set {' and '.join(PROJECT_KEYS)} only; "
                    f"put the rest into {personal}"
                )
        if isinstance(content.get("db_path"), str):
            content["db_path"] = str(home / Path(content["db_path"]).expanduser())
        return content
    return {}


def _refuse_unknown(name: str, known: Mapping[str, Source], source: Source) -> None:
    if name not in known:
        raise ConfigurationError(f"unknown setting {name!r} ({source}){_nearest(name, known)}")


def _nearest(name: str, known: Mapping[str, Source] | set[str]) -> str:
    matches = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {matches[0]}?" if matches else ""


def _typed(name: str, value: Json) -> Json:
    """The value in the type of its setting; texts (from the environment) are read. Raises ConfigurationError."""
    convert = _CONVERTERS[name]
    try:
        return convert(value)
    except (ValueError, TypeError) as exc:
        shown = Secret("") if convert in (_optional_secret, _optional_address) else value
        raise ConfigurationError(f"setting {name} is {shown!r}: {exc}") from exc


def _boolean(value: Json) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _ON | _OFF:
        return value.strip().lower() in _ON
    raise ValueError("must be true or false")


def _integer(value: Json) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError("must be a whole number")
    try:
        return int(value)
    except ValueError:
        raise ValueError("must be a whole number") from None


def _number(value: Json) -> float:
    if isinstance(value, bool):
        raise ValueError("must be a number")
    number = float(value)
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError("must be a finite number")
    return number


def _path(value: Json) -> Path:
    if not isinstance(value, str | Path) or str(value) == "" or "\0" in str(value):
        raise ValueError("must be a path")
    return Path(value) if str(value) == ":memory:" else Path(value).expanduser()


def _text(value: Json) -> str:
    if not isinstance(value, str) or value == "":
        raise ValueError("must be a text that is not empty")
    return value


def _optional_text(value: Json) -> str | None:
    return None if value is None else _text(value)


def _optional_secret(value: Json) -> Secret | None:
    return value if value is None or isinstance(value, Secret) else Secret(_text(value))


def _optional_address(value: Json) -> str | None:
    return None if value is None else checked_address(_text(value))


def _environment(value: Json) -> str:
    if value not in get_args(Environment):
        raise ValueError("must be dev, staging or production")
    return str(value)


_BY_ANNOTATION: dict[str, Callable[[Json], Json]] = {
    "bool": _boolean,
    "int": _integer,
    "float": _number,
    "Path": _path,
    "str": _text,
    "str | None": _optional_text,
    "Secret | None": _optional_secret,
    "Environment": _environment,
}
_CONVERTERS = {each.name: _BY_ANNOTATION[str(each.type)] for each in fields(MemoryConfig)}
_CONVERTERS["embedding_url"] = _optional_address


def _check_ranges(config: MemoryConfig) -> None:
    for name, (low, high) in _BOUNDS.items():
        value = getattr(config, name)
        if not low <= value <= high:
            raise ConfigurationError(f"setting {name} is {value}; it must lie between {low} and {high}")
    for name, choices in CHOICES.items():
        if (value := getattr(config, name)) not in choices:
            raise ConfigurationError(f"setting {name} is {value!r}; it must be one of {', '.join(choices)}")


_current: MemoryConfig | None = None


def get_config() -> MemoryConfig:
    """The settings that are used when none are given: loaded at the first call, or those of `set_config`."""
    global _current
    if _current is None:
        _current = MemoryConfig.load()
    return _current


def set_config(config: MemoryConfig) -> None:
    """Make `config` the settings that are used when none are given."""
    global _current
    if not isinstance(config, MemoryConfig):
        raise ConfigurationError(f"set_config takes a MemoryConfig, not {type(config).__name__}")
    _current = config


def reset_config() -> None:
    """Forget what `set_config` or the first `get_config` kept; the next call loads anew."""
    global _current
    _current = None


def with_arguments(config: MemoryConfig, **arguments: Json) -> MemoryConfig:
    """The settings with some replaced; None means "as it is". A file that is given is the store, whatever else was."""
    given = {name: value for name, value in arguments.items() if value is not None}
    if "db_path" in given and "storage" not in given:
        return replace(config, **given, storage=None, postgres_url=None)
    return replace(config, **given)
