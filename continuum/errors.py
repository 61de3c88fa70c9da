"""The one tree of failures: each class has a stable code and says whether trying again can help.

Doors (HTTP, command line) map classes to their own codes; nothing here knows of them.
Messages name the thing, its value and the next step, and never a secret.
"""

from __future__ import annotations

from typing import ClassVar

_SHOWN_CHARS = 60
_SHOWN_BITS = 200


def shown(value: object) -> str:
    """A caller's value for a message: at most 60 characters or so of it, its type where that could be endless."""
    if isinstance(value, str):
        return repr(value[:_SHOWN_CHARS])
    if isinstance(value, int) and value.bit_length() > _SHOWN_BITS:
        return f"a number of {value.bit_length()} bits"
    if value is None or isinstance(value, int | float):
        return repr(value)
    return f"a {type(value).__name__}"


def install_hint(extra: str) -> str:
    """The command that brings an optional part, in the folder that this package is installed from."""
    return f"pip install '.[{extra}]' (in the folder of CONTINUUM's source)"


class ContinuumError(Exception):
    """The root of everything this package raises on purpose."""

    code: ClassVar[str] = "internal"
    retryable: ClassVar[bool] = False


class InvalidInputError(ContinuumError, ValueError):
    """The caller's value breaks a rule; the message names the field, the limit and the value's size.

    `field` is the dotted name of the argument (``metadata``, ``messages[3].text``); `limit` is the rule in
    words or a number, for doors that show it apart.
    """

    code = "invalid_input"

    def __init__(self, field: str, problem: str, *, limit: object = None) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem
        self.limit = limit


class NotFoundError(ContinuumError):
    """Nothing of that name belongs to this tenant (another tenant's things look the same as unknown ones)."""

    code = "not_found"


class ConflictError(ContinuumError):
    """The request contradicts what is stored, e.g. one idempotency key with two different bodies."""

    code = "conflict"


class KeyInFlightError(ConflictError):
    """A request with the same idempotency key is being worked on; asked again, it gives its answer."""

    code = "idempotency_key_in_flight"
    retryable = True


class AnswerLostError(ConflictError):
    """The request of this idempotency key has had its effect, and its answer is not there to be given again."""

    code = "idempotency_answer_lost"


class KeyReusedError(InvalidInputError):
    """An idempotency key was given with another request than before."""

    code = "idempotency_key_reused"


class PermissionDeniedError(ContinuumError):
    """The caller may not do this, or names a tenant that is not the credential's."""

    code = "permission_denied"


class AuthenticationError(ContinuumError):
    """Who calls is not known: no credential, or one that is wrong, expired or revoked."""

    code = "authentication"


class RetryLaterError(ContinuumError):
    """Too much is asked at once; nothing was done, and after `retry_after_seconds` it may be asked again."""

    code = "retry_later"
    retryable = True

    def __init__(self, message: str, retry_after_seconds: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class RateLimitedError(RetryLaterError):
    """The caller used up what it may ask within a time."""

    code = "rate_limited"


class OverloadedError(RetryLaterError):
    """The service has more to do than it can in time; nothing was done."""

    code = "overloaded"


class QuotaExceededError(ContinuumError):
    """The tenant holds as much as it may; the message names the quota, its limit and what is held."""

    code = "quota_exceeded"


class ConfigurationError(ContinuumError):
    """Settings are unknown, contradictory or need a feature that is not there; raised before anything starts."""

    code = "configuration"


class FeatureUnavailableError(ConfigurationError):
    """An optional part is asked for and not installed; the message names the extra that brings it."""

    code = "feature_unavailable"


class StorageError(ContinuumError):
    """The store could not do it. Nothing of the operation was kept, with one exception that the message states.

    When the medium refuses the last step, putting what was written beyond the reach of a power cut, others may have
    read it already: it stays and can be read, but may be gone after a power cut ("not confirmed").
    """

    code = "storage"


class StorageUnavailableError(StorageError):
    """The store cannot be opened: missing folder, no permission, read-only, or a network file system."""

    code = "storage_unavailable"


class StorageConnectionError(StorageUnavailableError):
    """The connection to a database server was lost or could not be made; nothing was kept, try again."""

    code = "storage_connection"
    retryable = True


class StorageBusyError(StorageError):
    """Other writers held the store longer than the bounded wait; nothing was written, try again."""

    code = "storage_busy"
    retryable = True


class StorageConflictError(StorageBusyError):
    """The database gave this transaction up in favour of another one; nothing was written, begin it again."""

    code = "storage_conflict"


class StorageFullError(StorageError):
    """No space is left; earlier memories are safe. What was kept of the operation: see StorageError."""

    code = "storage_full"


class StorageCorruptError(StorageError):
    """The file is not a database, or its content contradicts itself."""

    code = "storage_corrupt"


class SchemaVersionError(StorageError):
    """The store was written by a newer version than this one."""

    code = "schema_version"


class ServiceConnectionError(ContinuumError):
    """A service on another machine could not be reached, or left in the middle; whether it did its work is unknown."""

    code = "service_connection"
    retryable = True


class EmbeddingError(ContinuumError):
    """A vector could not be computed: provider down, wrong weights, wrong width."""

    code = "embedding"
    retryable = True
