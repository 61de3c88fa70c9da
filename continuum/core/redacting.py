"""Takes secrets and private spans out of what is to be learnt, before anything else sees it."""

from __future__ import annotations

import json
from dataclasses import replace
from difflib import get_close_matches

from continuum.core.config import MemoryConfig
from continuum.domain.records import Exchange, Json, MessageRedaction, Utterance
from continuum.errors import ConfigurationError
from continuum.extraction.at_first_use import RedactorAtFirstUse
from continuum.extraction.base import Redacting


def redactor_from(config: MemoryConfig) -> Redacting:
    """The redactor that the settings ask for. Raises ConfigurationError for an unknown kind."""
    if not config.redact_secrets or config.secret_kinds is None:
        return RedactorAtFirstUse(secrets=config.redact_secrets, private=config.redact_private)
    from continuum.extraction.redaction import SECRET_KINDS, Redactor  # the kinds that are named are checked at once

    named = [each.strip() for each in config.secret_kinds.split(",") if each.strip()]
    for kind in named:
        if kind not in SECRET_KINDS:
            near = get_close_matches(kind, SECRET_KINDS, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(SECRET_KINDS)}"
            raise ConfigurationError(f"setting secret_kinds names {kind!r}, which is no kind of secret{hint}")
    return Redactor(frozenset(named), private=config.redact_private)


def redacted_exchange(exchange: Exchange, redactor: Redacting) -> Exchange:
    """The exchange without secrets in its texts, its speakers and its metadata; what was taken out is noted."""
    found: list[MessageRedaction] = []
    utterances = tuple(
        _redacted(number, utterance, redactor, found) for number, utterance in enumerate(exchange.utterances)
    )
    return replace(exchange, utterances=utterances, redactions=tuple(found)) if found else exchange


def _redacted(number: int, utterance: Utterance, redactor: Redacting, found: list[MessageRedaction]) -> Utterance:
    said = redactor.redact(utterance.text)
    found += [MessageRedaction(number, "text", each.kind, each.start, each.end) for each in said.redactions]
    speaker = utterance.speaker
    if speaker is not None:
        named = redactor.redact(speaker)
        found += [MessageRedaction(number, "speaker", each.kind, each.start, each.end) for each in named.redactions]
        speaker = named.text
    metadata = utterance.metadata
    if metadata != "{}":
        kinds: list[str] = []
        metadata = redacted_json(metadata, redactor, kinds)
        found += [MessageRedaction(number, "metadata", kind, 0, 0) for kind in kinds]
    if not found:
        return utterance
    return replace(utterance, text=said.text, speaker=speaker, metadata=metadata)


def redacted_json(text: str, redactor: Redacting, kinds: list[str]) -> str:
    """A JSON text without secrets in its strings and keys; their kinds are added to `kinds`."""
    before = len(kinds)
    clean = _walked(json.loads(text), redactor, kinds)
    return json.dumps(clean, ensure_ascii=False, sort_keys=True) if len(kinds) > before else text


def _walked(value: Json, redactor: Redacting, kinds: list[str]) -> Json:
    if isinstance(value, str):
        result = redactor.redact(value)
        kinds += [each.kind for each in result.redactions]
        return result.text
    if isinstance(value, list):
        return [_walked(each, redactor, kinds) for each in value]
    if isinstance(value, dict):
        return {
            _walked(key, redactor, kinds): redacted_member(key, each, redactor, kinds) for key, each in value.items()
        }
    return value


def redacted_member(key: str, value: Json, redactor: Redacting, kinds: list[str]) -> Json:
    """A member of an object; what stands under a key such as "password" is read together with it."""
    if isinstance(value, list):
        return [redacted_member(key, each, redactor, kinds) for each in value]
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        return _walked(value, redactor, kinds)
    named = redactor.redact(f"{key}: {value}")
    head = f"{key}: "
    if named.redactions and named.text.startswith(head):
        kinds += [each.kind for each in named.redactions]
        return named.text[len(head) :]
    return _walked(value, redactor, kinds)
