# SPDX-License-Identifier: GPL-3.0-or-later
"""What breaks for callers between two OpenAPI documents."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.devops.incident_response.plugins.module_utils.rollback.openapi import breaking_changes, is_openapi


def document(operation: dict[str, Any] | None = None, path: str = "/pay/{id}", **more: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "paths": {path: {"post": {"responses": {}, **(operation or {})}}}, **more}


def body(schema: dict[str, Any], required: bool = False) -> dict[str, Any]:
    return {"requestBody": {"required": required, "content": {"application/json": {"schema": schema}}}}


def answering(schema: dict[str, Any]) -> dict[str, Any]:
    return {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}


def field(*names: str, required: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": list(required)}


HEADER = {"in": "header", "name": "X-Shop", "required": True}


@pytest.mark.parametrize(
    ("now", "then", "found"),
    [
        (document(), document(), ()),
        (document(), document(path="/pay/{payment}"), ()),
        (document(), document(path="/refund"), ("POST /pay/{id} does not exist",)),
        (document(), document({"parameters": [HEADER]}), ("POST /pay/{id} wants the header parameter 'X-Shop'",)),
        (document({"parameters": [HEADER]}), document(), ()),
        (document({"parameters": [HEADER]}), document({"parameters": [HEADER]}), ()),
        (document(), document({"parameters": [{**HEADER, "required": False}]}), ()),
        (document(body(field())), document(body(field(), required=True)), ("POST /pay/{id} wants a body",)),
        (document(body(field("a"))), document(body(field("a", required=("a",)))), ("POST /pay/{id} wants the field 'a' in its body",)),
        (document(body(field("a", required=("a",)))), document(body(field("a"))), ()),
        (
            document(answering(field("total", required=("total",)))),
            document(answering(field("other"))),
            ("POST /pay/{id} does not answer the field 'total' (200)",),
        ),
        (document(answering(field("total"))), document(answering(field("other"))), ()),
        (document(answering(field("total", required=("total",)))), document(answering(field("total"))), ()),
    ],
)
def test_only_what_breaks_callers_is_found(now: dict[str, Any], then: dict[str, Any], found: tuple[str, ...]) -> None:
    assert breaking_changes(now, then) == found


def test_parameters_of_the_path_count_and_references_are_followed() -> None:
    then = document(components={"parameters": {"shop": HEADER}})
    then["paths"]["/pay/{id}"]["parameters"] = [{"$ref": "#/components/parameters/shop"}]
    assert breaking_changes(document(), then) == ("POST /pay/{id} wants the header parameter 'X-Shop'",)


def test_nested_fields_and_lists() -> None:
    now = document(
        answering({"properties": {"lines": {"type": "array", "items": field("amount", required=("amount",))}}, "required": ["lines"]})
    )
    then = document(answering({"properties": {"lines": {"type": "array", "items": field("sum")}}, "required": ["lines"]}))
    assert breaking_changes(now, then) == ("POST /pay/{id} does not answer the field 'lines[].amount' (200)",)


def test_schemas_that_refer_to_themselves_end() -> None:
    node = {"properties": {"next": {"$ref": "#/components/schemas/Node"}}, "required": ["next"]}
    now = document(answering({"$ref": "#/components/schemas/Node"}), components={"schemas": {"Node": node}})
    loop = document(
        answering({"$ref": "#/components/schemas/Loop"}), components={"schemas": {"Loop": {"$ref": "#/components/schemas/Loop"}}}
    )
    assert breaking_changes(now, now) == ()
    assert breaking_changes(now, loop) == ()


def test_what_cannot_be_read_is_no_difference() -> None:
    strange = {"openapi": "3.0.0", "paths": {"/pay/{id}": {"post": {"parameters": "none", "responses": [1], "requestBody": {"$ref": 5}}}}}
    assert breaking_changes(strange, document()) == ()
    assert breaking_changes(document(), strange) == ()


def test_bodies_of_version_2() -> None:
    then = document({"parameters": [{"in": "body", "name": "body", "schema": field("a", required=("a",))}]})
    assert breaking_changes(document(), then) == ("POST /pay/{id} wants the field 'a' in its body",)


@pytest.mark.parametrize("value", [None, [], "text", {}, {"openapi": "3.0.0"}, {"paths": {}}, {"openapi": "3.0.0", "paths": []}])
def test_what_is_no_openapi_document(value: object) -> None:
    assert not is_openapi(value)
