# SPDX-License-Identifier: GPL-3.0-or-later
"""The API's errors, with the wording of kube-apiserver (apimachinery `pkg/api/errors`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .resources import Resource


class ApiError(Exception):
    """Ends a request with a `Status` document."""

    def __init__(self, code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details

    def status(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if self.details is not None:
            body["details"] = self.details
        return body | {"code": self.code}


def _details(resource: Resource, name: str = "") -> dict[str, Any]:
    details = {"name": name} if name else {}
    if resource.group:
        details["group"] = resource.group
    return details | {"kind": resource.plural}


def not_found(resource: Resource, name: str) -> ApiError:
    return ApiError(404, "NotFound", f'{resource.qualified} "{name}" not found', _details(resource, name))


def path_not_found() -> ApiError:
    """What the server says about a resource or a path that it does not serve at all."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def already_exists(resource: Resource, name: str) -> ApiError:
    return ApiError(409, "AlreadyExists", f'{resource.qualified} "{name}" already exists', _details(resource, name))


def conflict(resource: Resource, name: str, why: str | None = None) -> ApiError:
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return ApiError(409, "Conflict", message, _details(resource, name))


def apply_conflict(conflicts: Sequence[tuple[str, str]]) -> ApiError:
    """Server-side apply met fields of other managers: (manager, path) each, the manager as `"name" using v1`."""
    by_manager: dict[str, list[str]] = {}
    for manager, path in conflicts:
        by_manager.setdefault(manager, []).append(path)
    lines = []
    for manager, paths in sorted(by_manager.items()):
        lines.append(f"conflict with {manager}: {paths[0]}" if len(paths) == 1 else f"conflicts with {manager}:")
        lines += [f"- {path}" for path in paths] if len(paths) > 1 else []
    word = "conflict" if len(conflicts) == 1 else "conflicts"
    causes = [{"reason": "FieldManagerConflict", "message": f"conflict with {manager}", "field": path} for manager, path in conflicts]
    return ApiError(409, "Conflict", f"Apply failed with {len(conflicts)} {word}: " + "\n".join(lines), {"causes": causes})


def invalid(resource: Resource, name: str, causes: Sequence[tuple[str, str, str]]) -> ApiError:
    """Validation failed; each cause is (reason, field, message), as in `FieldValueInvalid`, `spec.replicas`, `Invalid value: …`."""
    texts = [f"{field}: {message}" for _reason, field, message in causes]
    what = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
    details: dict[str, Any] = {"name": name} if name else {}
    details |= ({"group": resource.group} if resource.group else {}) | {"kind": resource.kind}
    details["causes"] = [{"reason": reason, "message": message, "field": field} for reason, field, message in causes]
    return ApiError(422, "Invalid", f'{kind} "{name}" is invalid: {what}', details)


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(resource: Resource, name: str, why: str) -> ApiError:
    subject = f'{resource.qualified} "{name}"' if name else resource.qualified
    return ApiError(403, "Forbidden", f"{subject} is forbidden: {why}", _details(resource, name))


def method_not_allowed() -> ApiError:
    return ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})


def unsupported_media_type(content_type: str, accepted: Sequence[str]) -> ApiError:
    message = (
        "the body of the request was in an unknown format - accepted media types include: " + ", ".join(accepted)
        if content_type
        else "the body of the request was in an unknown format"
    )
    return ApiError(415, "UnsupportedMediaType", message)


def expired(message: str) -> ApiError:
    return ApiError(410, "Expired", message)


def too_many_requests(message: str, causes: Sequence[dict[str, Any]]) -> ApiError:
    return ApiError(429, "TooManyRequests", message, {"causes": list(causes)})
