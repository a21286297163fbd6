"""The calls that read."""

import json
from datetime import datetime
from typing import Literal

import httpx

from shared.client.call import Call, read, safe
from shared.client.models import (
    Catalogue,
    DeskEntry,
    DeskList,
    Documents,
    Notifications,
    People,
    RequestList,
    Seen,
    WholeRequest,
)
from shared.client.working import Assignment, Decisions, SeasonList, Waiting
from shared.schemas.estimates import Estimate
from shared.schemas.model import Json

MORE_SECONDS = 10
"""What an answer may come later than was asked to be waited for."""


def get(request_id: str, *, seen: str = "", wait: int = 0) -> Call[Seen]:
    """A request; with the tag of what was `seen`, nothing when it did not change for `wait` seconds (at most 25)."""
    return Call(
        method="GET",
        service="intake",
        path=f"/v1/requests/{safe(request_id)}",
        read=_seen,
        params={"wait": wait or None},
        headers={"If-None-Match": seen} if seen else {},
        timeout=wait + MORE_SECONDS if wait else None,
    )


def listing(
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
) -> Call[RequestList]:
    """One page of requests, newest first; `after` is the `next` of the page before."""
    return read("intake", "/v1/requests", RequestList, dict(locals()))


def desk(
    *,
    state: Literal["open", "settled", "all"] | None = None,
    outcome: Literal["returned", "rejected", "refused"] | None = None,
    channel: str | None = None,
    business_unit: str | None = None,
    after: str | None = None,
    limit: int | None = None,
) -> Call[DeskList]:
    """One page of what came to nothing and why, newest first; `after` is the `next` of the page before."""
    return read("intake", "/v1/desk", DeskList, dict(locals()))


def desk_entry(entry: str) -> Call[DeskEntry]:
    """One entry of the desk with what was sent."""
    return read("intake", f"/v1/desk/{safe(entry)}", DeskEntry)


def catalogue() -> Call[Catalogue]:
    """The types of the policy in force."""
    return read("intake", "/v1/catalogue", Catalogue)


def form(type_key: str) -> Call[Json]:
    """One type's form as JSON Schema."""
    return Call(method="GET", service="intake", path=f"/v1/catalogue/{safe(type_key)}", read=_object)


def people() -> Call[People]:
    """The directory."""
    return read("intake", "/v1/people", People)


def assignment(request_id: str) -> Call[Assignment]:
    """Who works on a request."""
    return read("routing", f"/v1/requests/{safe(request_id)}/assignment", Assignment)


def decisions(request_id: str) -> Call[Decisions]:
    """Why they do."""
    return read("routing", f"/v1/requests/{safe(request_id)}/decision", Decisions)


def waiting(*, limit: int | None = None) -> Call[Waiting]:
    """The requests that nobody fits, or whose coordinator has yet to choose."""
    return read("routing", "/v1/waiting", Waiting, {"limit": limit})


def estimate(*, type: str, business_unit: str, needed_by: datetime | None = None) -> Call[Estimate]:  # noqa: A002
    """When a request sent now would have its people, and when it could be done: ranges."""
    params = {"type": type, "business_unit": business_unit, "needed_by": needed_by.isoformat() if needed_by else None}
    return read("routing", "/v1/estimate", Estimate, params)


def seasons() -> Call[SeasonList]:
    """The seasons that are, were and will be."""
    return read("routing", "/v1/seasons", SeasonList)


def notifications(request_id: str) -> Call[Notifications]:
    """Who was told of a request, and how that ended."""
    return read("notify", f"/v1/requests/{safe(request_id)}/notifications", Notifications)


def documents(request_id: str) -> Call[Documents]:
    """The files of a request."""
    return read("documents", f"/v1/requests/{safe(request_id)}/documents", Documents)


def download(document: str) -> Call[bytes]:
    """One file's content."""
    return Call(method="GET", service="documents", path=f"/v1/documents/{safe(document)}", read=_content)


def download_sheet(document: str) -> Call[bytes]:
    """The internal sheet of a file that goes to a customer."""
    return Call(method="GET", service="documents", path=f"/v1/documents/{safe(document)}/sheet", read=_content)


def _seen(answer: httpx.Response) -> Seen:
    unchanged = answer.status_code == httpx.codes.NOT_MODIFIED
    whole = None if unchanged else WholeRequest.model_validate_json(answer.content)
    return Seen(whole=whole, tag=answer.headers.get("etag", ""))


def _object(answer: httpx.Response) -> Json:
    found: Json = json.loads(answer.content)
    return found


def _content(answer: httpx.Response) -> bytes:
    return answer.content
