"""The OpenAPI 3.1 document, written from the operations and the types that they carry."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from netops import __version__
from netops.web.api import problem
from netops.web.api.operation import Operation
from netops.web.api.problem import Problem

REF = "#/components/schemas/{name}"
COMMON = (401, 403, 422, 429, 503)


def document(operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole document."""
    kinds: list[Any] = [Problem]
    for one in operations:
        kinds += [kind for kind in (one.answer, one.query, one.body, one.plan) if kind is not None]
    schemas, components = msgspec.json.schema_components(kinds, ref_template=REF)
    schema_of = dict(zip(map(repr, kinds), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        path = re.sub(r":path\}", "}", one.path)
        paths.setdefault(path, {})[one.method.lower()] = _operation(one, schema_of, components)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "netops",
            "version": __version__,
            "summary": "Topology, addresses, declarations, egress, incidents",
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "netops_session"},
            },
        },
    }


def _operation(one: Operation, schema_of: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    answer = schema_of[repr(one.answer)]
    responses: dict[str, Any] = {
        str(one.status): _content(_list(one, answer) if one.kind else answer, one.summary)
    }
    if one.kind and one.status == 200:
        responses["200"]["content"]["application/jsonl"] = {"schema": {"type": "string"}}
    if one.stream:
        responses["200"] = {"description": one.summary, "content": {"text/event-stream": {"schema": {"type": "string"}}}}
    if one.plan is not None:
        responses["200"] = _content(schema_of[repr(one.plan)], "The plan alone")
    codes = {*COMMON, *((404,) if "{" in one.path or one.method != "GET" or not one.kind or one.name == "who" else ())}
    if one.method != "GET":
        codes |= {409, 413, 415}
        codes |= {412} if "{" in one.path else set()
        codes |= {428} if one.wants_match else set()
    elif not one.kind:
        responses["304"] = {"description": "Not modified"}
    for code in sorted(codes):
        responses[str(code)] = {
            "description": "Problem", "content": {problem.MEDIA: {"schema": schema_of[repr(Problem)]}}
        }  # fmt: skip
    made: dict[str, Any] = {
        "operationId": one.name, "summary": one.summary, "tags": [one.path.split("/")[1]],
        "parameters": [*_places(one.path), *_query(one, schema_of, components), *_headers(one)], "responses": responses,
    }  # fmt: skip
    if one.deed is not None:
        made["x-deed"] = str(one.deed)
    if one.body is not None:
        made["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schema_of[repr(one.body)]}},
        }
    return made


def _content(schema: Any, description: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _list(one: Operation, answer: Any) -> dict[str, Any]:
    items = answer if one.status != 201 else answer.get("items", {})
    return {
        "type": "object",
        "required": ["kind", "at", "plane", "items", "unseen", "next"],
        "properties": {
            "kind": {"const": one.kind}, "at": {"type": "string", "format": "date-time"}, "plane": {"type": ["string", "null"]},
            "items": {"type": "array", "items": items}, "unseen": {"type": "array"}, "next": {"type": ["string", "null"]},
        },
    }  # fmt: skip


def _places(path: str) -> list[dict[str, Any]]:
    found = []
    for name in re.findall(r"\{(\w+)(?::path)?\}", path):
        schema = (
            {"type": "string", "enum": ["intranet", "extranet"]}
            if name == "plane"
            else {"type": "string", "minLength": 1}
        )
        found.append({"name": name, "in": "path", "required": True, "schema": schema})
    return found


def _query(one: Operation, schema_of: dict[str, Any], components: dict[str, Any]) -> list[dict[str, Any]]:
    name = schema_of[repr(one.query)]["$ref"].rpartition("/")[2]
    schema = components[name]
    required = schema.get("required", [])
    return [
        {"name": key, "in": "query", "required": key in required, "schema": value}
        for key, value in schema.get("properties", {}).items()
    ]


def _headers(one: Operation) -> list[dict[str, Any]]:
    found = []
    if one.takes_key:
        found.append({"name": "Idempotency-Key", "in": "header", "required": False,
                      "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"}})  # fmt: skip
    if one.method in ("PATCH", "POST") and "{" in one.path:
        found.append({"name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"}})
    return found
