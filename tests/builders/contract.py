"""Holds every answer of an application against what its own OpenAPI document says of it."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from fastapi import FastAPI
from jsonschema import Draft202012Validator


def conforming(app: FastAPI) -> dict[str, list[Callable[[httpx.Response], Awaitable[None]]]]:
    """The `event_hooks` of a client: an answer that `app`'s document does not describe is an AssertionError."""

    async def check(answer: httpx.Response) -> None:
        await answer.aread()
        document = app.openapi()
        operation = _operation(document, answer.request)
        if operation is None:
            return
        status = str(answer.status_code)
        told = operation["responses"].get(status) or operation["responses"].get(f"{status[0]}XX")
        assert told is not None, f"{answer.request.method} {answer.request.url.path} answers {status}, which is not documented"
        if not answer.content:
            return
        media_type = answer.headers["content-type"].partition(";")[0]
        content = told["content"].get(media_type) or told["content"].get("*/*")
        assert content is not None, f"{media_type} is not among {list(told['content'])}"
        if media_type.endswith("json"):
            schema = {**content["schema"], "components": document["components"]}
            Draft202012Validator(schema).validate(answer.json())

    return {"response": [check]}


def _operation(document: dict[str, Any], request: httpx.Request) -> dict[str, Any] | None:
    for path, operations in document["paths"].items():
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))
        if re.fullmatch(pattern, request.url.path) and request.method.lower() in operations:
            found: dict[str, Any] = operations[request.method.lower()]
            return found
    return None
