"""The client. Commands carry an Idempotency-Key of their own unless they are given one, so that trying again is always safe."""

import hashlib
import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Self
from urllib.parse import quote

import httpx

from shared.client.models import (
    FINAL,
    Assignment,
    Catalogue,
    Decisions,
    Documents,
    Line,
    Notifications,
    People,
    RequestList,
    SeasonList,
    Seen,
    Stored,
    Waiting,
    WholeRequest,
)
from shared.client.problems import NotFound
from shared.client.transport import Patience, Sleep, Transport
from shared.schemas.estimates import Estimate
from shared.schemas.model import Json
from shared.schemas.requests import NUMBER_PREFIX, Answer

SECONDS = 120.0
WAIT_SECONDS = 20
EARLY_SECONDS = 5.0
"""So long an answer that nothing changed should take at least, where it was asked to wait longer."""
MORE_SECONDS = 10
"""What an answer may come later than was asked to be waited for."""


class Client:
    """Calls of units' systems, each with the sentence of its problem in `language`. Close it, or use it in a `with` block.

    `urls` are addresses by service: intake, and as far as they are asked routing, documents and notify.
    """

    def __init__(
        self,
        urls: Mapping[str, str],
        token: str,
        *,
        language: str = "zh",
        http: httpx.Client | None = None,
        patience: Patience | None = None,
        sleep: Sleep | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._urls = {name: url.rstrip("/") for name, url in urls.items()}
        made = http or httpx.Client(timeout=SECONDS, trust_env=False)
        made.headers.update({"Authorization": f"Bearer {token}", "Accept-Language": language})
        self._sleep, self._monotonic = sleep or time.sleep, monotonic
        self._transport = Transport(made, patience=patience, **({"sleep": sleep} if sleep else {}))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.http.close()

    # -- commands

    def submit(self, request: Json, *, key: str | None = None) -> Answer:
        """Submit one request; the answer is its verdict. The same request again is answered as a duplicate."""
        return Answer.model_validate_json(self._command("POST", "/v1/requests", request, key))

    def amend(self, request_id: str, changes: Json, *, key: str | None = None) -> Answer:
        """Change fields (JSON Merge Patch): null removes one, objects merge, everything else replaces."""
        return Answer.model_validate_json(self._command("PATCH", f"/v1/requests/{_safe(request_id)}", changes, key))

    def withdraw(self, request_id: str, reason: str, *, key: str | None = None) -> Answer:
        """Take a request back."""
        path = f"/v1/requests/{_safe(request_id)}/withdraw"
        return Answer.model_validate_json(self._command("POST", path, {"reason": reason}, key))

    def batch(
        self, lines: Iterable[bytes | Json] | bytes, *, content_type: str = "application/jsonl", sheet: str | None = None,
        key: str | None = None,
    ) -> Iterator[Line]:  # fmt: skip
        """The answers to the lines (or rows) of one batch, in their order. Named by its content when no key is given."""
        content = lines if isinstance(lines, bytes) else b"\n".join(map(_line, lines))
        headers = {"Content-Type": content_type} | ({"Idempotency-Key": _quoted(key)} if key else {})
        url, params = f"{self._urls['intake']}/v1/requests:batch", {"sheet": sheet}
        answer = self._transport.send("POST", url, params=params, headers=headers, content=content)
        for line in answer.content.splitlines():
            yield Line.model_validate_json(line)

    def store_attachment(self, content: bytes, *, name: str, media_type: str = "application/octet-stream") -> Stored:
        """Store a file before the request that names it; storing it again changes nothing."""
        url = f"{self._urls['intake']}/v1/attachments/{hashlib.sha256(content).hexdigest()}"
        headers = {"Content-Type": media_type}
        return Stored.model_validate_json(
            self._transport.send("PUT", url, params={"name": name}, headers=headers, content=content).content
        )

    # -- reading

    def get(self, request_id: str, *, seen: str = "", wait: int = 0) -> Seen:
        """A request; with the tag of what was `seen`, nothing when it did not change for `wait` seconds (at most 25)."""
        url = f"{self._urls['intake']}/v1/requests/{_safe(request_id)}"
        headers = {"If-None-Match": seen} if seen else {}
        params = {"wait": wait or None}
        answer = self._transport.send("GET", url, params=params, headers=headers, timeout=wait + MORE_SECONDS if wait else None)
        tag = answer.headers.get("etag", "")
        unchanged = answer.status_code == httpx.codes.NOT_MODIFIED
        return Seen(whole=None if unchanged else WholeRequest.model_validate_json(answer.content), tag=tag)

    def find(self, name: str) -> WholeRequest:
        """The request of an id or a number such as BL-28492763. Raises NotFound."""
        whole = self.get(self.id_of(name)).whole
        assert whole is not None, "nothing was seen before"
        return whole

    def id_of(self, name: str) -> str:
        """The id that an id or a number names. Raises NotFound for a number that no request of the caller's has."""
        if not name.strip().upper().startswith(NUMBER_PREFIX):
            return name.strip()
        found = self.list(number=name.strip()).requests
        if not found:
            text = {"zh": f"没有编号为 {name} 的申请。", "en": f"There is no request {name}."}
            raise NotFound(status=404, code="not_found", detail=text["en"], body={"message": text})
        return found[0].id

    def list(
        self,
        *,
        business_unit: str | None = None,
        type: str | None = None,  # noqa: A002  # the parameter's name
        status: str | None = None,
        opportunity: str | None = None,
        requester: str | None = None,
        system: str | None = None,
        reference: str | None = None,
        number: str | None = None,
        after: str | None = None,
        limit: int | None = None,
    ) -> RequestList:
        """One page of requests, newest first; `after` is the `next` of the page before."""
        asked = {name: value for name, value in locals().items() if name != "self"}
        return RequestList.model_validate_json(self._read("intake", "/v1/requests", asked))

    def watch(self, request_id: str, *, wait: int = WAIT_SECONDS) -> Iterator[WholeRequest]:
        """The request now, and again whenever it changed, until it has ended.

        A service where too many wait already answers at once that nothing changed: then the next question waits a while.
        """
        seen = self.get(request_id)
        while True:
            if seen.whole is not None:
                yield seen.whole
                if seen.whole.status in FINAL:
                    return
            asked = self._monotonic()
            seen = self.get(request_id, seen=seen.tag, wait=wait)
            early = min(max(wait, 1), EARLY_SECONDS) - (self._monotonic() - asked)
            if seen.whole is None and early > 0:
                self._sleep(early)

    def catalogue(self) -> Catalogue:
        """The types of the policy in force."""
        return Catalogue.model_validate_json(self._read("intake", "/v1/catalogue"))

    def form(self, type_key: str) -> Json:
        """One type's form as JSON Schema."""
        found: Json = json.loads(self._read("intake", f"/v1/catalogue/{_safe(type_key)}"))
        return found

    def people(self) -> People:
        """The directory."""
        return People.model_validate_json(self._read("intake", "/v1/people"))

    def assignment(self, request_id: str) -> Assignment:
        """Who works on a request."""
        return Assignment.model_validate_json(self._read("routing", f"/v1/requests/{_safe(request_id)}/assignment"))

    def decisions(self, request_id: str) -> Decisions:
        """Why they do."""
        return Decisions.model_validate_json(self._read("routing", f"/v1/requests/{_safe(request_id)}/decision"))

    def waiting(self, *, limit: int | None = None) -> Waiting:
        """The requests that nobody fits, or whose coordinator has yet to choose."""
        return Waiting.model_validate_json(self._read("routing", "/v1/waiting", {"limit": limit}))

    def estimate(self, *, type: str, business_unit: str, needed_by: datetime | None = None) -> Estimate:  # noqa: A002
        """When a request sent now would have its people, and when it could be done: ranges."""
        params = {"type": type, "business_unit": business_unit, "needed_by": needed_by.isoformat() if needed_by else None}
        return Estimate.model_validate_json(self._read("routing", "/v1/estimate", params))

    def seasons(self) -> SeasonList:
        """The seasons that are, were and will be."""
        return SeasonList.model_validate_json(self._read("routing", "/v1/seasons"))

    def notifications(self, request_id: str) -> Notifications:
        """Who was told of a request, and how that ended."""
        return Notifications.model_validate_json(self._read("notify", f"/v1/requests/{_safe(request_id)}/notifications"))

    def documents(self, request_id: str) -> Documents:
        """The files of a request."""
        return Documents.model_validate_json(self._read("documents", f"/v1/requests/{_safe(request_id)}/documents"))

    def download(self, document: str) -> bytes:
        """One file's content."""
        return self._read("documents", f"/v1/documents/{_safe(document)}")

    def download_sheet(self, document: str) -> bytes:
        """The internal sheet of a file that goes to a customer."""
        return self._read("documents", f"/v1/documents/{_safe(document)}/sheet")

    # -- sending

    def _command(self, method: str, path: str, body: Json, key: str | None) -> bytes:
        headers = {"Idempotency-Key": _quoted(key or str(uuid.uuid4()))}
        return self._transport.send(method, f"{self._urls['intake']}{path}", headers=headers, json=body).content

    def _read(self, service: str, path: str, params: Mapping[str, Any] | None = None) -> bytes:
        return self._transport.send("GET", f"{self._urls[service]}{path}", params=params).content


def _safe(part: str) -> str:
    return quote(part, safe="")


def _quoted(key: str) -> str:
    """The key as a string of RFC 8941."""
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _line(line: bytes | Json) -> bytes:
    return line if isinstance(line, bytes) else json.dumps(line, ensure_ascii=False).encode()
