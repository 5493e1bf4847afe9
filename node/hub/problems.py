"""Every error that may reach a client, as a status and `{"error": {"code", "message", "field"}}`."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from node.hub.errors import (
    CredentialsMissingError,
    HubError,
    RequestTooLargeError,
    SlotUnknownError,
)
from node.hub.schemas import ErrorBody, Problem
from node.metering import errors as metering
from node.store.errors import StoreError

#: Status of each refusal. A test proves that none is missing.
STATUS_OF: dict[type[metering.MeteringError | HubError], int] = {
    CredentialsMissingError: 401,
    metering.WrongPasswordError: 401,
    metering.DeviceNotRegisteredError: 401,
    metering.SystemUnknownError: 401,
    metering.DeviceNotListedError: 403,
    metering.PossessionInvalidError: 403,
    metering.ForeignPointError: 403,
    metering.SignatureMismatchError: 403,
    SlotUnknownError: 404,
    metering.AlreadyRegisteredError: 409,
    metering.PointTakenError: 409,
    metering.PointUnknownError: 409,
    metering.GatewayMismatchError: 409,
    metering.ContradictingReadingError: 409,
    RequestTooLargeError: 413,
    metering.ReadingImplausibleError: 422,
    metering.SlotNotOverError: 422,
    metering.FutureDatedError: 422,
    metering.CorrectionUnsupportedError: 422,
}

#: Codes of what the framework refuses before a route is reached.
_FRAMEWORK_CODES = {401: "credentials_missing", 404: "not_found", 405: "method_not_allowed"}

UNAUTHORIZED = 401

#: RFC 7617.
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="yuimaru hub"'}

#: Seconds after which a client whose database was busy should ask again.
_RETRY_SECONDS = "1"


def describe(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the documentation of the statuses with which a route may refuse."""
    said = {
        400: "The body is not JSON.",
        401: "Wrong or missing password, or an unknown name.",
        403: "The device may not do this.",
        404: "There is no such thing.",
        409: "It contradicts what is known.",
        413: "The body is too large.",
        422: "A field is wrong.",
        503: "The database or the chain is not available: ask again later.",
    }
    return {status: {"model": ErrorBody, "description": said[status]} for status in statuses}


def install(app: FastAPI) -> None:
    """Make every error an answer in our form."""
    app.add_exception_handler(metering.MeteringError, _on_refusal)
    app.add_exception_handler(HubError, _on_refusal)
    app.add_exception_handler(StoreError, _on_store_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_framework_refusal)


def answer(
    status: int,
    code: str,
    message: str,
    field: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """Return a refusal."""
    body = ErrorBody(error=Problem(code=code, message=message, field=field))
    return JSONResponse(body.model_dump(exclude_none=True), status, dict(headers or {}))


def _on_refusal(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, (metering.MeteringError, HubError)):
        raise error
    status = STATUS_OF[type(error)]
    headers = _CHALLENGE if status == UNAUTHORIZED else None
    return answer(status, error.code, str(error), getattr(error, "field", None), headers)


def _on_store_error(_: Request, error: Exception) -> JSONResponse:
    return answer(503, "database_unavailable", str(error), headers={"Retry-After": _RETRY_SECONDS})


def _on_invalid_request(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    first = error.errors()[0]
    if first["type"] == "json_invalid":
        return answer(400, "malformed_json", f"the body is not JSON: {first['ctx']['error']}")
    field = _path(first["loc"])
    return answer(422, "invalid_request", f"{field}: {first['msg']}", field)


def _on_framework_refusal(_: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    code = _FRAMEWORK_CODES.get(error.status_code, "refused")
    headers = _CHALLENGE if error.status_code == UNAUTHORIZED else error.headers
    return answer(error.status_code, code, str(error.detail), headers=headers)


def _path(location: Sequence[int | str]) -> str:
    """Return where a wrong field is, without the part that says body or query."""
    return ".".join(str(part) for part in location[1:]) or str(location[0])
