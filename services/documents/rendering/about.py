"""What a document says of itself and of its request: the cover's facts for its audience, and the request's own facts. Pure."""

from collections.abc import Mapping

from services.documents.rendering.material import Material
from services.documents.rendering.wording import aside, day, joined, plain, word
from shared.catalogue import FRAME_FIELDS, Field
from shared.schemas.requests import number_of


def subtitle(material: Material) -> str:
    """Whom and what it is about."""
    opportunity = material.request.opportunity
    return f"{opportunity.customer.name} · {opportunity.name}" if opportunity else material.kind.name(material.request.locale)


def particulars(material: Material, *, outward: bool) -> list[list[str]]:
    """The facts on the cover; of one that goes out, those a customer may read."""
    locale, opportunity = material.request.locale, material.request.opportunity
    rows: list[tuple[str, str | None]] = [
        ("file_number" if outward else "number", number_of(material.identity)),
        ("version", f"v{material.version}"),
        ("date", day(material.at, locale)),
        ("unit", material.unit),
        ("tender_no", opportunity.tender_no if outward and opportunity else None),
        ("authors" if outward else "supporters", joined(list(material.supporters), locale)),
    ]
    return [[word(key, locale), value] for key, value in rows if value]


def request_facts(material: Material) -> list[list[str]]:
    """The facts of the request, for those who work on it: whose, about what, how urgent, and who does it."""
    request, locale = material.request, material.request.locale
    requester = material.names.get(request.requester.id, request.requester.id)
    given: list[tuple[str, object]] = [
        (word("number", locale), number_of(material.identity)),
        (word("reference", locale), f"{request.source.system} {request.source.reference}"),
        (word("type", locale), material.kind.name(locale)),
        (word("unit", locale), material.unit),
        (word("requester", locale), aside(requester, material.pack.role_name(request.requester.role, locale), locale)),
    ]
    if opportunity := request.opportunity:
        given += [
            (word("opportunity", locale), aside(opportunity.name, opportunity.id, locale)),
            (word("customer", locale), opportunity.customer.name),
            (word("stage", locale), opportunity.stage),
            (word("tender_no", locale), opportunity.tender_no),
        ]
    frame = {"needed_by": request.needed_by.isoformat() if request.needed_by else None, "priority": request.priority}
    given += [(FRAME_FIELDS[key].name(locale), plain(FRAME_FIELDS[key], value, locale)) for key, value in frame.items()]
    given += [
        (word("coordinator", locale), material.coordinator),
        (word("supporters", locale), joined(list(material.supporters), locale)),
        (word("currency", locale), currency(material)),
    ]
    return [[label, str(value)] for label, value in given if value]


def currency(material: Material) -> object:
    """What the amounts of the request are in; None where its form asks for none."""
    return (material.request.extra.get("currency") or "CNY") if _has_money(material.kind.fields) else None


def _has_money(fields: Mapping[str, Field]) -> bool:
    return any(spec.type == "money" or _has_money(spec.fields) for spec in fields.values())
