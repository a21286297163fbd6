"""States that earlier releases stored, as they would be stored today. Pure."""

from shared.schemas.intake import AmendmentRequested
from shared.schemas.model import Json
from shared.schemas.registry import TYPE_OF


def lifted(document: Json, schema: int) -> Json:
    """A stored state of `schema` as one of the present.

    Schema 1 did not say when a request was received: at the first line of its timeline that is intake's. Schema 2 had one place
    for an amendment that routing had yet to answer: the wording in it is the one asked for last. Schema 3 had one place for a wording
    about to be asked for, which no stored state fills, and did not say who had sent a wording: the unit that filed the request.
    """
    if schema == 3:
        return _sent({**document, "private": {**(document.get("private") or {}), "asking": []}})
    own = [moment for moment in document.get("timeline", ()) if moment["source"] == "intake"]
    if schema < 2:
        document = {**document, "received_at": own[0]["at"] if own else None}
    private = document.get("private") or {}
    asked = [moment["sequence"] for moment in own if moment["type"] == TYPE_OF[AmendmentRequested]]
    waits = private.get("pending") is not None and asked
    pending = [{"number": asked[-1], "version": private["pending"]}] if waits else []
    return _sent({**document, "private": {**private, "asking": [], "pending": pending}})


def _sent(document: Json) -> Json:
    private = document["private"]
    unit = private.get("filed_by") or ""
    whole_for = unit or ((document.get("request") or {}).get("business_unit") or "")
    sent = {"by": f"unit:{unit}", "unit": unit, "whole_for": whole_for}
    current = {**private["current"], **sent} if private.get("current") else None
    pending = [{**asked, "version": {**asked["version"], **sent}} for asked in private.get("pending") or ()]
    return {**document, "private": {**private, "current": current, "pending": pending}}
