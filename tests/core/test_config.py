"""Settings: what each one does, and that nothing is silently without effect."""

from __future__ import annotations

import json
import traceback
from pathlib import Path

import pytest

from continuum.core import config as module
from continuum.core.config import MemoryConfig, get_config, load_settings, reset_config, set_config
from continuum.core.memory import ConsciousMemory
from continuum.errors import ConfigurationError
from continuum.runtime.service import open_runtime
from tests.requirements import requirement

EFFECTIVE = {
    "CONTINUUM_DB_PATH": ("db_path", Path("continuum_data/memory.db"), "/x/y.db", Path("/x/y.db")),
    "CONTINUUM_TENANT_ID": ("tenant_id", "default", "acme", "acme"),
    "CONTINUUM_ENV": ("env", "dev", "production", "production"),
    "CONTINUUM_CACHE_ENABLED": ("cache_enabled", False, "true", True),
    "CONTINUUM_CACHE_TTL": ("cache_ttl", 300, "60", 60),
    "CONTINUUM_API_PORT": ("api_port", 8420, "9000", 9000),
    "CONTINUUM_ENABLE_EMBEDDINGS": ("enable_embeddings", False, "1", True),
    "CONTINUUM_REQUIRE_API_KEY": ("require_api_key", False, "true", True),
    "CONTINUUM_CORS_ORIGINS": ("cors_origins", None, "https://a.example", "https://a.example"),
    "SENTRY_TRACES_SAMPLE_RATE": ("sentry_traces_sample_rate", "0.1", "often", "often"),
}
REFUSED = {
    "CONTINUUM_ENCRYPTION_KEY": "k",
    "CONTINUUM_ENABLE_FEDERATION": "true",
    "CONTINUUM_ENABLE_WEBHOOKS": "true",
}
REFUSED_BY_THE_SERVICE = {
    "STRIPE_SECRET_KEY": "k",
    "STRIPE_WEBHOOK_SECRET": "k",
    "STRIPE_PRICE_ID_BASIC": "p",
    "STRIPE_PRICE_ID_PRO": "p",
}


@requirement("settings:environment")
@pytest.mark.parametrize("variable", sorted(EFFECTIVE))
def test_a_variable_has_its_default_and_its_effect(variable: str) -> None:
    name, default, text, value = EFFECTIVE[variable]
    assert getattr(load_settings(environ={}).config, name) == default
    loaded = load_settings(environ={variable: text})
    assert getattr(loaded.config, name) == value
    assert loaded.sources[name] == "environment"


@requirement("settings:environment")
@pytest.mark.parametrize("variable", sorted(REFUSED))
def test_a_variable_of_an_absent_feature_is_refused(variable: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{variable} is set, but .* is not part of this version"):
        load_settings(environ={variable: REFUSED[variable]})


@requirement("settings:environment")
@pytest.mark.parametrize(
    "variable", ["CONTINUUM_REQUIRE_API_KEY", "CONTINUUM_ENABLE_FEDERATION", "CONTINUUM_ENABLE_WEBHOOKS"]
)
def test_switching_an_absent_feature_off_is_fine(variable: str) -> None:
    assert load_settings(environ={variable: "false"}).config == MemoryConfig()


@requirement("settings:environment")
@pytest.mark.parametrize("variable", sorted(REFUSED_BY_THE_SERVICE))
def test_the_service_refuses_what_a_library_user_may_set_for_other_programs(
    variable: str, db_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, REFUSED_BY_THE_SERVICE[variable])
    config = MemoryConfig.load(db_path=db_path)
    with pytest.raises(ConfigurationError, match=variable):
        open_runtime(config)


@requirement("settings:unknown-refused")
def test_unknown_names_are_refused_with_the_nearest_known_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="did you mean CONTINUUM_DB_PATH"):
        load_settings(environ={"CONTINUUM_DBPATH": "x"})
    file = tmp_path / "config.json"
    file.write_text('{"hebian_rate": 0.2}')
    with pytest.raises(ConfigurationError, match="did you mean hebbian_rate"):
        load_settings(file, environ={})
    with pytest.raises(ConfigurationError, match="did you mean db_path"):
        MemoryConfig.load(db_pth="x")


@requirement("settings:file", "settings:precedence")
def test_argument_beats_environment_beats_project_beats_file_beats_default(tmp_path: Path) -> None:
    personal = tmp_path / "home"
    personal.mkdir()
    (personal / "config.json").write_text('{"cache_ttl": 1, "api_port": 1001, "tenant_id": "file", "db_path": "/f.db"}')
    project = tmp_path / "work" / "deep"
    project.mkdir(parents=True)
    (tmp_path / "work" / ".continuum").mkdir()
    (tmp_path / "work" / ".continuum" / "config.json").write_text('{"tenant_id": "project", "db_path": "store/m.db"}')
    environ = {
        "CONTINUUM_CONFIG_DIR": str(personal),
        "CONTINUUM_API_PORT": "1002",
        "CONTINUUM_TENANT_ID": "environment",
    }
    loaded = load_settings(environ=environ, arguments={"tenant_id": "argument", "api_host": None}, folder=project)
    assert loaded.config.cache_ttl == 1
    assert loaded.config.api_port == 1002
    assert loaded.config.tenant_id == "argument"
    assert loaded.config.db_path == tmp_path / "work" / "store" / "m.db"
    assert loaded.config.hebbian_rate == 0.1
    wanted = {"cache_ttl": "file", "api_port": "environment", "tenant_id": "argument", "db_path": "project"}
    assert {name: loaded.sources[name] for name in wanted} == wanted
    assert loaded.sources["hebbian_rate"] == "default"


@requirement("settings:file")
def test_a_projects_file_may_not_send_memories_elsewhere(tmp_path: Path) -> None:
    (tmp_path / ".continuum").mkdir()
    (tmp_path / ".continuum" / "config.json").write_text('{"embedding_url": "http://127.0.0.1:1"}')
    with pytest.raises(ConfigurationError, match="may set db_path and tenant_id only"):
        load_settings(environ={"CONTINUUM_CONFIG_DIR": str(tmp_path / "home")}, folder=tmp_path)


@requirement("settings:file")
def test_the_file_of_the_specification_is_understood(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    printed = {
        "db_path": "/path/to/memory.db",
        "tenant_id": "default",
        "cache_enabled": True,
        "cache_ttl": 300,
        "hebbian_rate": 0.1,
        "min_link_strength": 0.3,
        "resonance_decay": 0.95,
        "working_memory_capacity": 7,
    }
    file.write_text(json.dumps(printed))
    config = load_settings(file, environ={}).config
    assert {name: str(v) if isinstance(v := getattr(config, name), Path) else v for name in printed} == printed
    config.save(tmp_path / "again.json")
    assert load_settings(tmp_path / "again.json", environ={}).config == config


@requirement("settings:unknown-refused")
@pytest.mark.parametrize(
    "settings",
    [
        {"api_port": 65_536},
        {"api_port": "many"},
        {"hebbian_rate": 1.1},
        {"hebbian_rate": float("nan")},
        {"cache_enabled": "perhaps"},
        {"env": "test"},
        {"tenant_id": "a b"},
        {"db_path": ""},
        {"cache_ttl": 0},
        {"db_timeout": True},
    ],
)
def test_values_out_of_range_are_refused_by_name(settings: dict[str, object]) -> None:
    with pytest.raises((ConfigurationError, ValueError), match=next(iter(settings))):
        MemoryConfig(**settings)  # type: ignore[arg-type]  # that is the point


@requirement("settings:file")
@pytest.mark.parametrize("content", ["{", "[1]", '"x"'])
def test_a_broken_file_is_refused_by_path(tmp_path: Path, content: str) -> None:
    file = tmp_path / "config.json"
    file.write_text(content)
    with pytest.raises(ConfigurationError, match="settings file"):
        load_settings(file, environ={})
    with pytest.raises(ConfigurationError, match="does not exist"):
        load_settings(tmp_path / "missing.json", environ={})


@pytest.mark.parametrize("address", ["http://u:hunter2@host", "http://host?key=hunter2", "http://u:hunter2"])
def test_an_address_with_a_secret_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(ConfigurationError, match="setting embedding_url") as caught:
        load_settings(environ={"CONTINUUM_EMBEDDING_URL": address})
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_a_key_is_masked_everywhere_and_the_nearest_source_wins(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text('{"embedding_api_key": "key-of-file"}')
    environ = {"CONTINUUM_EMBEDDING_API_KEY": "key-of-environment"}
    wanted = {
        "key-of-file": load_settings(file, environ={}),
        "key-of-environment": load_settings(file, environ=environ),
        "key-of-argument": load_settings(file, environ=environ, arguments={"embedding_api_key": "key-of-argument"}),
    }
    for key, loaded in wanted.items():
        kept = loaded.config.embedding_api_key
        assert kept is not None
        assert kept.reveal() == key
        assert str(kept) == "***"
        loaded.config.save(tmp_path / "saved.json")
        shown = [repr(loaded), repr(loaded.config.to_dict()), (tmp_path / "saved.json").read_text()]
        assert all(key not in text for text in shown)
    with pytest.raises(ConfigurationError, match="embedding_api_key") as caught:
        MemoryConfig(embedding_api_key=["key-of-list"])  # type: ignore[arg-type]  # that is the point
    assert "key-of-list" not in str(caught.value)


@requirement("settings:get-and-set", "compat:fault-26")
def test_set_config_has_effect_on_memories_opened_without_settings(db_path: Path) -> None:
    set_config(MemoryConfig(db_path=db_path, tenant_id="custom_tenant", cache_enabled=True))
    assert get_config().tenant_id == "custom_tenant"
    with ConsciousMemory() as memory:
        memory.learn("hello there")
        assert (memory.tenant_id, memory.cache_enabled, memory.db_path) == ("custom_tenant", True, db_path)
    assert db_path.exists()
    reset_config()
    assert get_config().tenant_id == "default"


@requirement("settings:reference")
def test_every_setting_is_in_the_reference() -> None:
    reference = (Path(__file__).parents[2] / "docs" / "reference" / "settings.md").read_text()
    for name, setting in MemoryConfig.__dataclass_fields__.items():
        line = f"| `{name}` | `{setting.metadata['env']}` | "
        assert line in reference, name
        assert setting.metadata["help"] in reference, name
    for variable in (*module._ABSENT_ALWAYS, *module._ABSENT_IN_SERVICE):
        assert f"`{variable}`" in reference, variable


@pytest.mark.parametrize(
    ("environ", "arguments", "store"),
    [
        ({"POSTGRES_URL": "postgresql://h/d"}, {}, "postgresql://h/d"),
        ({"POSTGRES_URL": "postgresql://h/d", "CONTINUUM_STORAGE": "./s.db"}, {}, "./s.db"),
        ({"POSTGRES_URL": "postgresql://h/d"}, {"db_path": "/x.db"}, "/x.db"),
        ({"CONTINUUM_STORAGE": "./s.db"}, {"db_path": "/x.db"}, "/x.db"),
        ({"CONTINUUM_DB_PATH": "/x.db"}, {"storage": "postgresql://h/d"}, "postgresql://h/d"),
    ],
)
def test_the_store_is_the_one_that_is_named_closest(
    environ: dict[str, str], arguments: dict[str, str], store: str
) -> None:
    assert load_settings(environ=environ, arguments=arguments).config.store == store


def test_a_file_that_is_given_in_python_is_the_store_whatever_the_environment_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("POSTGRES_URL", "postgresql://ann:hunter22@127.0.0.1:1/d")
    reset_config()
    with ConsciousMemory("t", tmp_path / "x.db") as memory:
        memory.learn("Aurora runs on Kafka")
    assert (tmp_path / "x.db").exists()
    assert "hunter22" not in repr(MemoryConfig.load())
