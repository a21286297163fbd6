"""One rendering from start to end, as the child process runs it: data in, bytes out, nothing else touched."""

import hashlib
import io
import unicodedata
from functools import cache
from pathlib import Path

from pypdf import PdfReader

from services.documents.rendering.compose import compose, compose_sheet, for_customers
from services.documents.rendering.draft import WORD
from services.documents.rendering.given import PDF, Job, Rendered, Sheet
from services.documents.rendering.material import Material
from services.documents.rendering.packet import Packet, packet
from services.documents.rendering.pdf import TEMPLATE, render_pdf
from services.documents.rendering.word import TEMPLATE as WORD_TEMPLATE
from services.documents.rendering.word import render_docx
from services.documents.rendering.wording import aside
from shared.catalogue import Pack, PackError, load_pack, restore
from shared.catalogue.load import SHIPPED
from shared.schemas.model import Json, Text
from shared.schemas.requests import PolicyPin, Request

NO_SLIDES = Text(
    zh="申请要求 PPT；在有幻灯片模板之前，其内容以 PDF 页面交付。",
    en="ppt was asked for; its content is delivered as PDF pages until there is a slide template",
)
LONGEST_SUBJECT = 60


def render(job: Job) -> Rendered:
    """Render `job`. Runs in a child; exceptions come back to the caller."""
    request = restore(Request.model_validate(job.data["request"]), job.personal)
    pack = _pinned(PolicyPin.model_validate(job.data["policy"]), job.policy_root)
    extras = _packet(job, request) if request.type == "business.contract" else Packet()
    material = _material(job, request, pack, extras)
    document = compose(material)
    outward = for_customers(request.type)
    word = job.data["format"] == "docx"
    made = render_docx(document) if word else render_pdf(document, extras.embedded, extras.appended)
    template = WORD_TEMPLATE if word else TEMPLATE
    asked = request.details.get(pack.types[request.type].output.formats or "") or ()
    slides = "ppt" in asked and not word
    return Rendered(
        data=made,
        media_type=WORD if word else PDF,
        name=_name(document, request, "docx" if word else "pdf"),
        template=f"{template.name}:{hashlib.sha256(template.read_bytes()).hexdigest()[:16]}",
        audience="customer" if outward else "internal",
        sheet=_sheet(material) if outward and not word else None,
        notes=(*extras.notes, *([NO_SLIDES.by_locale(request.locale)] if slides else [])),
        substituted=(("ppt", "pdf"),) if slides else (),
        pages=None if word else len(PdfReader(io.BytesIO(made)).pages),
    )


def _sheet(material: Material) -> Sheet:
    document = compose_sheet(material)
    return Sheet(data=render_pdf(document), name=_name(document, material.request, "pdf"))


def _pinned(pin: PolicyPin, root: str | None) -> Pack:
    """The very pack a request was judged under. Raises PackError; another content under the same version is never substituted."""
    pack = _loaded(pin.name, pin.version, root)
    if pack.hash != pin.hash:
        raise PackError(f"The pack {pin.name} {pin.version} installed here is {pack.hash}, not {pin.hash}; install that one.")
    return pack


@cache
def _loaded(name: str, version: str, root: str | None) -> Pack:
    return load_pack(name, version, Path(root) if root else SHIPPED)


def _packet(job: Job, request: Request) -> Packet:
    return packet(job.attachments, job.left_out, draft=request.details.get("contract"), locale=request.locale)


def _material(job: Job, request: Request, pack: Pack, extras: Packet) -> Material:
    coordinator = job.data["coordinator"]
    return Material(
        identity=job.identity,
        request=request,
        kind=pack.types[request.type],
        pack=pack,
        names=job.names,
        unit=job.unit or request.business_unit,
        coordinator=_named(job, coordinator["person"]) if coordinator else None,
        supporters=tuple(_named(job, seat["person"]) for seat in job.data["supporters"]),
        signatories=_signatories(job, request, pack),
        result=job.data["result"],
        note=job.data["note"],
        survey=job.data["survey"],
        version=job.data["version"],
        at=job.data["at"],
        sections=extras.sections,
    )


def _signatories(job: Job, request: Request, pack: Pack) -> tuple[str, ...]:
    """Everybody who reviews, each by department or role and by name; nobody where nothing is reviewed."""
    seats: list[Json] = job.data["supporters"] if pack.types[request.type].review else []
    called = [pack.seat_name(seat["role"], seat.get("department"), request.locale) for seat in seats]
    return tuple(aside(name, _named(job, seat["person"]), request.locale) for name, seat in zip(called, seats, strict=True))


def _named(job: Job, person: str) -> str:
    return job.names.get(person, person)


def _name(document: Json, request: Request, suffix: str) -> str:
    """What the file is called: its title, whom it is for, the request's number and the version."""
    subject = request.opportunity.customer.name if request.opportunity else document["unit"]
    return _safe(f"{document['title']}-{subject[:LONGEST_SUBJECT]}-{document['number']}-v{document['version']}.{suffix}")


def _safe(name: str) -> str:
    """A file name without what file systems or headers refuse, and without signs that make it read as another."""
    hidden = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    return "".join("_" if sign in '\\/:*?"<>|' or unicodedata.category(sign) in hidden else sign for sign in name)
