"""A request as a document of plain blocks, in the order its type's layout names, for those its layout says it is for. Pure.

What stays inside leaves nothing out that was given. What goes to a customer holds what its layout names, of that what the form
knows, and nothing else; its internal sheet holds the whole.
"""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import yaml

from services.documents.rendering.about import currency, particulars, request_facts, subtitle
from services.documents.rendering.blocks import clean, facts, label, merged, text
from services.documents.rendering.fields import answered_blocks, checklist_blocks, form_blocks, free_blocks, outward
from services.documents.rendering.material import Material
from services.documents.rendering.wording import day, word
from shared.catalogue import RequestType
from shared.schemas.model import Json
from shared.schemas.requests import number_of

Layout = Mapping[str, Any]
LAYOUTS: Mapping[str, Layout] = yaml.safe_load(files("services.documents").joinpath("layouts.yaml").read_text(encoding="utf-8"))
PLAIN_LAYOUT: Layout = {"cover": False, "sections": []}


def layout_of(kind: str) -> Layout:
    """How documents of the type `kind` are laid out; plainly when nobody said how."""
    return LAYOUTS.get(kind, PLAIN_LAYOUT)


def for_customers(kind: str) -> bool:
    """Whether documents of the type `kind` go to a customer. Whatever nobody said so of stays inside."""
    return bool(layout_of(kind).get("audience") == "customer")


def compose(material: Material) -> Json:
    """The document: {title, subtitle, cover, locale, number, unit, version, footer, date, particulars, sections}.

    A section is {heading, blocks, new_page}; `particulars` are the facts of the cover.
    """
    layout = layout_of(material.kind.key)
    if not for_customers(material.kind.key):
        return _document(material, material.kind.output.name(material.request.locale), layout, _whole(material, layout))
    told = outward(material.kind.fields, material.request.details)
    sections = [*_form(material, layout["sections"], told), *_survey_told(material, layout), *_result_told(material, layout)]
    return _document(material, material.kind.output.name(material.request.locale), layout, sections)


def compose_sheet(material: Material) -> Json:
    """The internal sheet of a document that goes to a customer: everything that was given, for those who work on it."""
    layout = {**layout_of(material.kind.key), "cover": False, "audience": "internal"}
    return _document(material, word("sheet", material.request.locale), layout, _whole(material, layout))


def _document(material: Material, title: str, layout: Layout, sections: list[Json]) -> Json:
    locale, outward = material.request.locale, layout.get("audience") == "customer"
    policy = f"{material.pack.label.by_locale(locale)} {material.pack.version}"
    document = {
        "title": title,
        "subtitle": subtitle(material),
        "cover": bool(layout["cover"]),
        "locale": locale,
        "number": number_of(material.identity),
        "unit": material.unit,
        "version": material.version,
        "date": day(material.at, locale),
        "at": material.at,
        "footer": "" if outward else f"{word('internal', locale)} · {policy}",
        "particulars": particulars(material, outward=outward),
        "sections": [section for section in sections if section["blocks"]],
    }
    cleaned: Json = clean(document)
    return cleaned


def _whole(material: Material, layout: Layout) -> list[Json]:
    """All that was given and all that came of it."""
    about = _section(word("request", material.request.locale), facts(request_facts(material), paired=True))
    inside = [layout["internal"]] if "internal" in layout else []
    parts = [*layout["sections"], *inside]
    outcome = [*_survey(material, layout), *_result(material, layout)]
    further = _further(material, parts)
    return [
        about,
        *_form(material, parts, material.request.details),
        *outcome,
        *further,
        *_closing(material, layout),
        *material.sections,
    ]


def _section(heading: str, blocks: list[Json], *, new_page: bool = False) -> Json:
    """A section; a label that only repeats what the heading says is dropped."""
    alone = len(blocks) == 2 and blocks[0]["kind"] == "label"
    return {"heading": heading, "blocks": blocks[1:] if alone else blocks, "new_page": new_page}


def _form(material: Material, parts: list[Layout], details: Json) -> list[Json]:
    """The fields of `details` that `parts` name, a section for each."""
    kind, locale = material.kind, material.request.locale
    return [_section(part[locale], form_blocks(kind, details, part["fields"], locale)) for part in parts]


def _further(material: Material, parts: list[Layout]) -> list[Json]:
    """The fields that `parts` do not name, with all that no form describes."""
    kind, details, locale = material.kind, material.request.details, material.request.locale
    shown = {key for part in parts for key in part["fields"]}
    rest = form_blocks(kind, details, [key for key in kind.fields if key not in shown], locale)
    unknown = {key: value for key, value in details.items() if key not in kind.fields}
    extra = {key: value for key, value in material.request.extra.items() if key != "currency" or currency(material) is None}
    blocks = merged(rest + free_blocks(unknown, locale) + free_blocks(extra, locale))
    return [{"heading": word("other", locale), "blocks": blocks}]


def _survey(material: Material, layout: Layout) -> list[Json]:
    """All that the completed survey of the opportunity found, and when and about what it was held."""
    if material.survey is None:
        return []
    note = material.survey.get("note")
    found = checklist_blocks(_surveying(material), material.survey.get("result") or {}, material.request.locale)
    noted = [text(str(note))] if note else []
    return _surveyed(material, layout, [*found, *noted], material.survey.get("details") or {})


def _survey_told(material: Material, layout: Layout) -> list[Json]:
    """What the survey found under the policy's own headings: neither what is open nor what was noted beside them."""
    if material.survey is None:
        return []
    kind = _surveying(material)
    found = answered_blocks(kind, material.survey.get("result") or {}, material.request.locale)
    return _surveyed(material, layout, found, outward(kind.fields, material.survey.get("details") or {}))


def _surveying(material: Material) -> RequestType:
    return material.pack.types["tech.survey"]


def _surveyed(material: Material, layout: Layout, found: list[Json], details: Json) -> list[Json]:
    locale = material.request.locale
    held = form_blocks(_surveying(material), details, layout.get("survey", ()), locale)
    arranged = [label(word("surveyed", locale)), *held] if held else []
    return [{"heading": word("survey", locale), "blocks": found + arranged}]


def _result(material: Material, layout: Layout) -> list[Json]:
    """What came of the work, with the note to whoever asked for it."""
    locale = material.request.locale
    made = [] if material.result is None else checklist_blocks(material.kind, material.result, locale)
    note = [label(word("note", locale)), text(material.note)] if material.result is not None and material.note else []
    heading = layout["result"][locale] if "result" in layout else word("result", locale)
    return [{"heading": heading, "blocks": made + note}]


def _result_told(material: Material, layout: Layout) -> list[Json]:
    """What came of the work, as it was written, where the layout says that it is written for the customer."""
    if layout["result"].get("audience") != "customer" or material.result is None:
        return []
    locale = material.request.locale
    return [{"heading": layout["result"][locale], "blocks": free_blocks(material.result, locale)}]


def _closing(material: Material, layout: Layout) -> list[Json]:
    """The checklist and the places to sign."""
    locale = material.request.locale
    checks = [entry[locale] for entry in layout.get("checklist", ())]
    signatures = [entry[locale] for entry in layout.get("signatures", ())] or list(material.signatories)
    given = [("checklist", "checks", checks), ("signatures", "signatures", signatures)]
    return [_section(word(key, locale), [{"kind": kind, "items": items}]) for key, kind, items in given if items]
