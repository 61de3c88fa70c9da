"""The one table from error class to HTTP status, and the RFC 9457 problem details that carry it."""

from __future__ import annotations

import logging
import math
from http import HTTPStatus

import orjson
from starlette.requests import Request
from starlette.responses import Response

from continuum import errors
from continuum.domain.records import Json

PROBLEM_TYPE = "application/problem+json"
_logger = logging.getLogger(__name__)

STATUS: dict[type[errors.ContinuumError], HTTPStatus] = {
    errors.ContinuumError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.InvalidInputError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.ConflictError: HTTPStatus.CONFLICT,
    errors.KeyInFlightError: HTTPStatus.CONFLICT,
    errors.AnswerLostError: HTTPStatus.CONFLICT,
    errors.KeyReusedError: HTTPStatus.CONFLICT,
    errors.PermissionDeniedError: HTTPStatus.FORBIDDEN,
    errors.AuthenticationError: HTTPStatus.UNAUTHORIZED,
    errors.RetryLaterError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.RateLimitedError: HTTPStatus.TOO_MANY_REQUESTS,
    errors.OverloadedError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.QuotaExceededError: HTTPStatus.FORBIDDEN,
    errors.ConfigurationError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.FeatureUnavailableError: HTTPStatus.NOT_IMPLEMENTED,
    errors.StorageError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.StorageUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StorageConnectionError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StorageBusyError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StorageConflictError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.StorageFullError: HTTPStatus.INSUFFICIENT_STORAGE,
    errors.StorageCorruptError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.SchemaVersionError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.ServiceConnectionError: HTTPStatus.BAD_GATEWAY,
    errors.EmbeddingError: HTTPStatus.BAD_GATEWAY,
}


def problem(
    status: HTTPStatus, code: str, detail: str, headers: dict[str, str] | None = None, **more: Json
) -> Response:
    """A problem-details answer: `code` is stable, `detail` is for people."""
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "code": code,
        **more,
    }
    return Response(orjson.dumps(body), status.value, headers, PROBLEM_TYPE)


async def answer_continuum_error(request: Request, error: Exception) -> Response:
    """Every failure of ours, as its own status and code; internal ones are logged with their traceback."""
    assert isinstance(error, errors.ContinuumError)
    status = STATUS[type(error)]
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _logger.error("%s %s failed", request.method, _route_of(request), exc_info=error)
    headers = {"Retry-After": _retry_after(error)} if error.retryable else None
    if isinstance(error, errors.AuthenticationError):
        headers = {"WWW-Authenticate": 'Bearer realm="continuum"'}
    field = {"field": error.field} if isinstance(error, errors.InvalidInputError) else {}
    return problem(status, error.code, str(error), headers, **field)


def _route_of(request: Request) -> str:
    """The template of the route: a path may hold a whole key, as one that is to be revoked."""
    route = request.scope.get("route")
    return "a path of no route" if route is None else str(route.path)


def _retry_after(error: errors.ContinuumError) -> str:
    """Whole seconds, never too few."""
    return str(max(1, math.ceil(error.retry_after_seconds))) if isinstance(error, errors.RetryLaterError) else "1"


async def answer_unexpected_error(request: Request, error: Exception) -> Response:
    """The request edge: what nobody expected is logged whole, and tells the caller nothing."""
    _logger.error("%s %s failed unexpectedly", request.method, _route_of(request), exc_info=error)
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", "an unexpected error; see the server's log")
