"""Tells assistants of the memory, and takes it back: a change is made, shown, and then written whole, with a copy."""

from __future__ import annotations

import contextlib
import difflib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from continuum.assistants import commented_json
from continuum.assistants.places import NAME, Assistant, Machine, server_entry
from continuum.domain.records import Json
from continuum.errors import FeatureUnavailableError, InvalidInputError, install_hint

FILE_BYTES_MAX = 16 << 20
BACKUP = ".before-continuum"
_WRITABLE = 0o222


@dataclass(frozen=True, slots=True)
class Change:
    """What would become of one configuration; `before` is None where there is no file."""

    assistant: Assistant
    path: Path
    before: str | None
    after: str

    @property
    def is_needed(self) -> bool:
        return (self.before or "") != self.after

    def shown(self) -> str:
        """The change as a unified diff."""
        lines = difflib.unified_diff(
            (self.before or "").splitlines(),
            self.after.splitlines(),
            str(self.path),
            str(self.path),
            lineterm="",
            n=2,
        )
        return "\n".join(lines)

    @property
    def backup(self) -> Path:
        """Where the configuration is kept as it was before this program first changed it."""
        return self.path.with_name(self.path.name + BACKUP)


def is_here(assistant: Assistant, machine: Machine) -> bool:
    """Whether an assistant seems to be used on this machine: its configuration or the folder for it is there."""
    path = assistant.path(machine)
    return path.exists() or (path.parent != machine.home and path.parent.is_dir())


def is_installed(assistant: Assistant, machine: Machine) -> bool:
    """Whether its configuration names this memory. Raises InvalidInputError and OSError."""
    told = _parsed(assistant, _text(assistant.path(machine)) or "")
    for name in (*assistant.servers, NAME):
        if not isinstance(told, Mapping) or name not in told:
            return False
        told = told[name]
    return True


def installed(assistant: Assistant, machine: Machine, python: str, environ: Mapping[str, str]) -> Change:
    """The configuration with this memory in it. Raises InvalidInputError for one that cannot be read, and OSError."""
    path = assistant.path(machine)
    before = _text(path)
    entry = server_entry(assistant, python, environ)
    if assistant.form == "toml":
        after = _toml_with(before or "", assistant.servers[0], entry)
    else:
        after = commented_json.with_member(before or "", (*assistant.servers, NAME), entry)
    return Change(assistant, path, before, after)


def uninstalled(assistant: Assistant, machine: Machine) -> Change | None:
    """The configuration without this memory, as it was before if nothing else changed; None if there is no file.

    Raises InvalidInputError for one that cannot be read, and OSError.
    """
    path = assistant.path(machine)
    before = _text(path)
    if before is None:
        return None
    if assistant.form == "toml":
        after = _toml_without(before, assistant.servers[0])
    else:
        after = commented_json.without_member(before, (*assistant.servers, NAME))
    change = Change(assistant, path, before, after)
    former = _text(change.backup)
    if former is not None and change.is_needed and _same(assistant, former, after):
        return Change(assistant, path, before, former)
    return change


def write(change: Change) -> None:
    """Write a configuration, whole or not at all; the first time what was there is kept beside it.

    Raises InvalidInputError for a file that its owner has made read-only, and OSError.
    """
    target = Path(os.path.realpath(change.path))  # a link to a file that is kept elsewhere stays one
    if target.exists() and not target.stat().st_mode & _WRITABLE:
        raise InvalidInputError("configuration", f"{target} is read-only; it was left as it is")
    target.parent.mkdir(parents=True, exist_ok=True)
    if change.before is not None and not change.backup.exists():
        _put(change.backup, change.before, 0o600)
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
    _put(target, change.after, mode)


def _put(path: Path, text: str, mode: int) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _text(path: Path) -> str | None:
    """What a file holds, None if it is not there. Raises InvalidInputError for no text, and OSError."""
    try:
        with path.open("rb") as file:
            data = file.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        return None
    if len(data) > FILE_BYTES_MAX:
        raise InvalidInputError("configuration", f"{path} has more than {FILE_BYTES_MAX} bytes; it was left as it is")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise InvalidInputError("configuration", f"{path} is no UTF-8 text; it was left as it is") from exc


def _same(assistant: Assistant, former: str, after: str) -> bool:
    """Whether two configurations say the same, but for an empty list of servers."""
    try:
        told = [_parsed(assistant, text) for text in (former, after)]
    except InvalidInputError:
        return False
    for each in told:
        if isinstance(each, dict) and not each.get(assistant.servers[0], True):
            del each[assistant.servers[0]]
    return bool(told[0] == told[1])


def _parsed(assistant: Assistant, text: str) -> Json:
    return _toml(text).unwrap() if assistant.form == "toml" else commented_json.parsed(text)


def _toml(text: str):  # type: ignore[no-untyped-def]  # the document of an optional library
    try:
        import tomlkit
        from tomlkit.exceptions import TOMLKitError
    except ImportError as exc:
        hint = install_hint("assistants")
        raise FeatureUnavailableError(f"this configuration is TOML, which needs an optional package: {hint}") from exc
    try:
        return tomlkit.parse(text)
    except TOMLKitError as exc:
        raise InvalidInputError("configuration", f"is no TOML: {exc}; it was left as it is") from exc


def _toml_with(text: str, servers: str, entry: Mapping[str, Json]) -> str:
    import tomlkit

    document = _toml(text)
    if not isinstance(document.setdefault(servers, tomlkit.table(is_super_table=True)), dict):
        raise InvalidInputError("configuration", f"holds something else than a table where {servers!r} belongs")
    document[servers][NAME] = entry
    written: str = tomlkit.dumps(document)
    return written


def _toml_without(text: str, servers: str) -> str:
    import tomlkit

    document = _toml(text)
    if NAME not in document.get(servers, {}):
        return text
    del document[servers][NAME]
    if not document[servers]:
        del document[servers]
    written: str = tomlkit.dumps(document)
    return written
