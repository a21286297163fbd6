"""A type's form as JSON Schema (draft 2020-12), for units' systems and for forms on a page. Pure."""

from shared.catalogue.pack import Field, RequestType
from shared.schemas.model import Json

PLAIN: dict[str, Json] = {
    "text": {"type": "string"},
    "texts": {"type": "array", "items": {"type": "string"}},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "money": {"type": "number", "minimum": 0},
    "time": {"type": "string", "format": "date-time"},
    "file": {"type": "string", "description": "the name of one of the attachments"},
    "window": {
        "type": "object",
        "properties": {
            "start": {"type": "string", "format": "date-time"},
            "end": {"type": "string", "format": "date-time"},
            "place": {"type": "string"},
            "time_zone": {"type": "string"},
        },
        "required": ["start", "end", "place"],
    },
}


def form_schema(kind: RequestType) -> Json:
    """The schema of a submission of `kind`. Fields the form does not name are allowed: 等."""
    frame = {"type": {"const": kind.key}, "business_unit": {"type": "string"}, "requester": _object("id", "role")}
    frame |= {"source": _object("system", "reference"), "details": _record(kind.fields)}
    if kind.opportunity:
        frame["opportunity"] = _object("id", "name", customer=_object("name"))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:backline:form:{kind.key}",
        "title": f"{kind.label.zh} / {kind.label.en}",
        "type": "object",
        "properties": frame,
        "required": sorted(frame),
    }


def _object(*texts: str, **others: Json) -> Json:
    properties = {**{name: {"type": "string"} for name in texts}, **others}
    return {"type": "object", "properties": properties, "required": sorted(properties)}


def _record(fields: dict[str, Field]) -> Json:
    required = [key for key, spec in fields.items() if spec.required]
    return {"type": "object", "properties": {key: _field(spec) for key, spec in fields.items()}, "required": required}


def _field(spec: Field) -> Json:
    titles = {"title": f"{spec.zh} / {spec.en}", **({"x-personal": True} if spec.personal else {})}
    match spec.type:
        case "choice":
            return {**titles, "enum": list(spec.choices)}
        case "choices":
            many = {"type": "array", "items": {"enum": list(spec.choices)}}
            return {**titles, **({"anyOf": [{"enum": list(spec.choices)}, many]} if spec.single else many)}
        case "record":
            return {**titles, **_record(spec.fields)}
        case "lines":
            return {**titles, "type": "array", "items": _record(spec.fields)}
        case plain:
            bound = {} if spec.minimum is None else {"minimum": spec.minimum}
            return {**titles, **PLAIN[plain], **bound}
