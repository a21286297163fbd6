"""Makes one document: fetches what is personal, renders in a child, stores the file, and only then says it exists."""

import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Protocol

import httpx
import orjson

from services.documents.rendering.children import RenderingFailedError
from services.documents.rendering.given import PDF, Job, Rendered, Sheet
from shared.catalogue import PackError
from shared.ledger.effects import Done, Ending, PointOfNoReturn, Retry, Terminal
from shared.ledger.messages import Item
from shared.schemas.documents import DocumentRendered
from shared.schemas.model import Json
from shared.schemas.people import Directory
from shared.telemetry import metrics

FONTS = f"noto-cjk-sans-otc {version('noto-cjk-sans-otc')}"
MOST_BYTES = 60 * 1024 * 1024
FIRST_WAIT_SECONDS = 600.0
LONGEST_WAIT_SECONDS = 24 * 3600.0
UNSENT = "Its personal values were lost with intake's database; it is rendered once its unit has sent it again."
CHANGED = "Its personal values were changed or erased while it was rendered; it is rendered again."
File = tuple[str, str, bytes]
"""An attachment: name, media type, bytes."""


class Intake(Protocol):
    """What only intake holds."""

    async def personal(self, request: str) -> Json: ...

    async def attachment(self, sha256: str, request: str) -> tuple[str, bytes]: ...


class Files(Protocol):
    async def put(self, data: bytes, *, name: str, media_type: str, owner: str | None = None) -> str: ...

    async def discard(self, sha256: str, before: datetime) -> bool: ...


class Renderer(Protocol):
    async def render(self, job: Job) -> Rendered: ...


class HttpIntake:
    """Intake over HTTP: with the service token, but for files, which are fetched from addresses signed for this service."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client = client
        self._url = url

    async def personal(self, request: str) -> Json:
        """Dotted field → value of the request's personal fields."""
        answer = await self._client.get(f"{self._url}/internal/requests/{request}/personal")
        answer.raise_for_status()
        values: Json = answer.json()
        return values

    async def attachment(self, sha256: str, request: str) -> tuple[str, bytes]:
        """Media type and bytes. Raises httpx.HTTPStatusError (404) when intake has no such content of the request's unit."""
        asked = {"audience": "documents", "request": request}
        link = await self._client.post(f"{self._url}/internal/attachments/{sha256}/link", params=asked)
        link.raise_for_status()
        bare = self._client.build_request("GET", self._url + link.json()["address"])
        bare.headers.pop("Authorization", None)  # the address is permission enough
        answer = await self._client.send(bare)
        answer.raise_for_status()
        return answer.headers.get("content-type", ""), answer.content


class Rendering:
    """The effect of the item kind `render`."""

    def __init__(
        self, *, intake: Intake, files: Files, renderer: Renderer, directory: Callable[[], Directory], policy_root: str | None
    ) -> None:
        self._intake = intake
        self._files = files
        self._renderer = renderer
        self._directory = directory
        self._policy_root = policy_root

    async def perform(self, item: Item, _point_of_no_return: PointOfNoReturn) -> Ending:
        """Done with the fields of DocumentRendered. Made twice it is the same file, so there is no point of no return."""
        started = time.perf_counter()
        request = item.data["request"]
        taken, left_out = await self._attachments(request, item.subject)
        if missing := [name for name, _ in left_out if name == _draft(request)]:
            problem = f"The content of {missing[0]} was not uploaded to intake; upload it under its SHA-256."
            cause = {"cause": "draft_missing"}
            return Retry(problem=problem, data=cause) if item.tries <= 1 else Terminal(problem=problem, data=cause)
        try:
            personal = await self._intake.personal(item.subject)
        except httpx.HTTPStatusError as error:
            if error.response.status_code != httpx.codes.NOT_FOUND:
                raise
            return Retry(problem=UNSENT, seconds=_wait(item.tries))
        try:
            made = await self._renderer.render(self._job(item, personal, taken, left_out))
        except PackError as error:
            return Retry(problem=str(error), data={"cause": "policy_missing"})
        except RenderingFailedError as error:
            return Retry(problem=str(error), data={"cause": "renderer"})
        except Exception as error:  # noqa: BLE001  # what a renderer says of its input may quote it, and problems are published
            problem = f"The rendering failed ({type(error).__name__}): the template cannot take this request's data."
            return Retry(problem=problem, data={"cause": "template"})
        sha256 = await self._files.put(made.data, name=made.name, media_type=made.media_type, owner=item.subject)
        sheet = await self._sheet(made.sheet, item.subject)
        if not await self._still(item.subject, personal):
            for stored in (sha256, *([sheet["sha256"]] if sheet else [])):
                await self._files.discard(stored, datetime.now(UTC) + timedelta(days=1))
            return Retry(problem=CHANGED)
        metrics.RENDER_SECONDS.labels(item.data["type"]).observe(time.perf_counter() - started)
        return Done(data=_document(item, made, sha256, taken, sheet).model_dump(mode="json"))

    async def _still(self, request: str, personal: Json) -> bool:
        """Whether the personal values are what was rendered: an erasure that has not seen the file yet is seen here.

        Raises httpx.HTTPError, and then the file stays: another process may have said that it exists, since the same bytes are the
        same file. One that nobody names goes with the orphans.
        """
        return await self._intake.personal(request) == personal

    def _job(self, item: Item, personal: Json, taken: tuple[File, ...], left_out: tuple[tuple[str, str], ...]) -> Job:
        directory, request = self._directory(), item.data["request"]
        unit = directory.units.get(request["business_unit"])
        return Job(
            identity=item.subject,
            data=item.data,
            personal=personal,
            names={person.id: person.name for person in directory.people.values()},
            unit=unit.name.by_locale(request["locale"]) if unit else request["business_unit"],
            attachments=taken,
            left_out=left_out,
            policy_root=self._policy_root,
        )

    async def _sheet(self, sheet: Sheet | None, owner: str) -> Json | None:
        """Store the internal sheet of a customer's document; what the manifest says of it."""
        if sheet is None:
            return None
        sha256 = await self._files.put(sheet.data, name=sheet.name, media_type=PDF, owner=owner)
        return {"name": sheet.name, "size": len(sheet.data), "sha256": sha256}

    async def _attachments(self, request: Json, subject: str) -> tuple[tuple[File, ...], tuple[tuple[str, str], ...]]:
        """(name, media type, bytes) of what a contract's packet takes in, and (name, reason) of what it cannot."""
        taken: list[File] = []
        left_out: list[tuple[str, str]] = []
        attachments = request["attachments"] if request["type"] == "business.contract" else []
        for attachment in sorted(attachments, key=lambda given: given["name"] != _draft(request)):
            if sum(len(data) for _, _, data in taken) + attachment["size"] > MOST_BYTES and taken:
                left_out.append((attachment["name"], "too_large"))
                continue
            try:
                media_type, data = await self._intake.attachment(attachment["sha256"], subject)
            except httpx.HTTPStatusError as error:
                if error.response.status_code != httpx.codes.NOT_FOUND:
                    raise
                left_out.append((attachment["name"], "not_uploaded"))
            else:
                taken.append((attachment["name"], media_type, data))
        return tuple(taken), tuple(left_out)


def _wait(tries: int) -> float:
    """Seconds until personal values that are not there are asked for again: people must send them, so that all tries last five days.

    As long as it has been waited for already, but never more than a day.
    """
    return float(min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** max(0, tries - 1)))


def _draft(request: Json) -> object:
    """The name of the attachment under review."""
    return request["details"].get("contract")


def _document(item: Item, made: Rendered, sha256: str, attachments: tuple[File, ...], sheet: Json | None) -> DocumentRendered:
    inputs = {name: hashlib.sha256(data).hexdigest() for name, _, data in attachments}
    manifest = {
        "request": item.subject,
        "event": item.data["event"],
        "inputs": hashlib.sha256(orjson.dumps(item.data, option=orjson.OPT_SORT_KEYS)).hexdigest(),
        "policy": item.data["policy"],
        "template": made.template,
        "fonts": FONTS,
        "attachments": inputs,
        "audience": made.audience,
        "sheet": sheet,
        "survey": item.data["survey"]["request"] if item.data["survey"] else None,
        "substituted": dict(made.substituted),
        "notes": list(made.notes),
        "pages": made.pages,
        "sha256": sha256,
    }
    return DocumentRendered(
        document=item.id,
        kind=item.data["type"],
        name=made.name,
        media_type=made.media_type,
        language=item.data["request"]["locale"],
        size=len(made.data),
        sha256=sha256,
        version=item.data["version"],
        manifest=manifest,
        together=tuple(item.data.get("together", ())),
    )
