"""One rendering from start to end, as the child process runs it: data in, bytes out, nothing else touched."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from services.documents.rendering.compose import Material, compose
from services.documents.rendering.draft import WORD, UnreadableDraftError, draft_blocks
from services.documents.rendering.pdf import TEMPLATE, readable, render_pdf
from services.documents.rendering.word import TEMPLATE as WORD_TEMPLATE
from services.documents.rendering.word import render_docx
from shared.catalogue import load_pack, restore
from shared.catalogue.load import SHIPPED
from shared.schemas.model import Json
from shared.schemas.requests import PolicyPin, Request

PDF = "application/pdf"


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a child gets: the item's data, personal values, names by person id, attachments as (name, media type, bytes)."""

    identity: str
    data: Json
    personal: Json
    names: dict[str, str]
    unit: str = ""
    attachments: tuple[tuple[str, str, bytes], ...] = ()
    policy_root: str | None = None


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A finished file. `notes` go into the manifest."""

    data: bytes
    media_type: str
    name: str
    template: str
    notes: tuple[str, ...] = ()


def render(job: Job) -> Rendered:
    """Render `job`. Runs in a child; exceptions come back to the caller."""
    request = restore(Request.model_validate(job.data["request"]), job.personal)
    pin = PolicyPin.model_validate(job.data["policy"])
    pack = load_pack(pin.name, pin.version, Path(job.policy_root) if job.policy_root else SHIPPED)
    kind = pack.types[request.type]
    blocks, attached, appended, notes = _contract(job) if kind.key == "business.contract" else ([], [], [], [])
    coordinator = job.data["coordinator"]
    document = compose(
        Material(
            identity=job.identity,
            request=request,
            kind=kind,
            pack=pack,
            names=job.names,
            unit=job.unit or request.business_unit,
            coordinator=_named(job, coordinator["person"]) if coordinator else None,
            supporters=tuple(_named(job, seat["person"]) for seat in job.data["supporters"]),
            result=job.data["result"],
            note=job.data["note"],
            survey=job.data["survey"],
            version=job.data["version"],
            at=job.data["at"],
            draft=tuple(blocks),
        )
    )
    asked = request.details.get(kind.output.formats or "", ())
    if "ppt" in (asked or ()):
        notes.append("ppt was asked for; its content is delivered as PDF pages until there is a slide template")
    word = job.data["format"] == "docx"
    made = render_docx(document) if word else render_pdf(document, attached, appended)
    template = WORD_TEMPLATE if word else TEMPLATE
    suffix = "docx" if word else "pdf"
    subject = request.opportunity.customer.name if request.opportunity else kind.name(request.locale)
    return Rendered(
        data=made,
        media_type=WORD if word else PDF,
        name=_safe(f"{document['title']}-{subject}-{document['number']}-v{document['version']}.{suffix}"),
        template=f"{template.name}:{hashlib.sha256(template.read_bytes()).hexdigest()[:16]}",
        notes=tuple(notes),
    )


def _contract(job: Job) -> tuple[list[Json], list[tuple[str, bytes]], list[bytes], list[str]]:
    """The draft's blocks, the files to attach, the PDFs to append, and what could not be shown."""
    blocks: list[Json] = []
    appended: list[bytes] = []
    notes: list[str] = []
    for name, media_type, data in job.attachments:
        if data.startswith(b"%PDF-") and readable(data):
            appended.append(data)
        elif data.startswith(b"%PDF-"):
            problem = f"{name}: the PDF is damaged or locked; attach it again without a password."
            notes.append(problem)
            blocks.append({"kind": "text", "text": problem})
        elif media_type == WORD or name.lower().endswith(".docx"):
            try:
                blocks += draft_blocks(data)
            except UnreadableDraftError as error:
                notes.append(f"{name}: {error}")
                blocks.append({"kind": "text", "text": f"{name}: {error}"})
    return blocks, [(name, data) for name, _, data in job.attachments], appended, notes


def _named(job: Job, person: str) -> str:
    return job.names.get(person, person)


def _safe(name: str) -> str:
    """A file name without what file systems or headers refuse."""
    kept = "".join("_" if character in '\\/:*?"<>|' or ord(character) < 32 else character for character in name)
    stem, _, suffix = kept.rpartition(".")
    return f"{stem[:100]}.{suffix}"
