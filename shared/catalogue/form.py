"""A type's form as JSON Schema (draft 2020-12), for units' systems and for forms on a page. Pure."""

from shared.catalogue.attachments import SCHEMA as ATTACHMENT
from shared.catalogue.frame import SHAPED
from shared.catalogue.pack import Field, RequestType
from shared.catalogue.shapes import UNANNOUNCED
from shared.schemas.model import Json

TIME: Json = {
    "type": "string",
    "format": "date-time",
    "description": "without an offset it is in the requester's time zone; a date alone is its start, of a deadline or an end its end",
}
PLAIN: dict[str, Json] = {
    "text": {"type": "string"},
    "texts": {"type": "array", "items": {"type": "string"}},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "money": {"type": "number", "minimum": 0, "description": "with at most two decimal places"},
    "time": TIME,
    "file": {"type": "string", "description": "the name of one of the attachments"},
    "window": {
        "type": "object",
        "properties": {
            "start": TIME,
            "end": TIME,
            "place": {"type": "string"},
            "time_zone": {"type": "string"},
        },
        "required": ["start", "end", "place"],
    },
}


EVIDENCE: Json = {
    "type": "object",
    "properties": {
        "precondition": {"type": "string"},
        "kind": {"type": "string"},
        "value": {"type": ["string", "object"], "description": "for earlier_request {business_unit, system, reference}"},
    },
    "required": ["kind", "precondition", "value"],
}


def form_schema(kind: RequestType) -> Json:
    """The schema of a submission of `kind`, choices by their keys. Fields the form does not name are allowed: 等.

    Each detail names its article (`x-article`), or says that it is an example of ours (`x-example`).
    """
    frame = {"type": {"const": kind.key}, "business_unit": _titled("经营单位", "Business unit", {"type": "string"})}
    frame["requester"] = _titled("申请人", "Requester", _object("id", "role"))
    frame["source"] = _titled("来源", "Source", _object("system", "reference"))
    details = _record(kind.fields)
    details["properties"] = {key: form | _origin(kind, key) for key, form in details["properties"].items()}
    frame["details"] = _titled("申请说明", "Details", _with_open_ends(details, kind))
    if kind.opportunity:
        frame["opportunity"] = _titled("商机", "Opportunity", _object("id", "name", customer=_object("name")))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:backline:form:{kind.key}",
        "title": f"{kind.label.zh} / {kind.label.en}",
        "type": "object",
        "properties": frame | _optional(),
        "required": sorted(frame),
        **_conditions(kind),
    }


def _optional() -> Json:
    return {
        **{key: _field(spec) for key, spec in SHAPED.items()},
        "evidence": _titled("证明", "Evidence", {"type": "array", "items": EVIDENCE}),
        "attachments": _titled("附件", "Attachments", {"type": "array", "items": ATTACHMENT}),
        "extra": _titled("其他信息", "Further fields", {"type": "object"}),
    }


def _with_open_ends(details: Json, kind: RequestType) -> Json:
    """What may be open is not required as such, and "not announced" is an answer for it; `_conditions` says when it is required."""
    later = {key for keys in kind.later_without.values() for key in keys}
    properties = {
        key: {"anyOf": [form, {"enum": sorted(UNANNOUNCED)}]}
        | {name: form[name] for name in form if name.startswith(("title", "x-"))}
        if key in later
        else form
        for key, form in details["properties"].items()
    }
    return {**details, "properties": properties, "required": [key for key in details["required"] if key not in later]}


def _conditions(kind: RequestType) -> Json:
    """What is required once a precondition is claimed."""
    rules = []
    for precondition, keys in kind.later_without.items():
        claim = {"type": "object", "properties": {"precondition": {"const": precondition}}, "required": ["precondition"]}
        required = [key for key in keys if kind.fields[key].required]
        rules.append(
            {
                "if": {"properties": {"evidence": {"type": "array", "contains": claim}}, "required": ["evidence"]},
                "then": {"properties": {"details": {"required": required}}},
            }
        )
    return {"allOf": rules} if rules else {}


def _origin(kind: RequestType, key: str) -> Json:
    article = kind.article_of(key)
    return {"x-article": article} if article else {"x-example": True}


def _titled(zh: str, en: str, form: Json) -> Json:
    return {"title": f"{zh} / {en}", **form}


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
