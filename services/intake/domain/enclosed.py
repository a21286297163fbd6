"""Which files' content counts for one message: knowing a digest is not having the file. Pure."""

from collections.abc import Mapping

from services.intake.domain.state import OPEN, Context, State
from shared.catalogue.attachments import Uploaded
from shared.schemas.model import Json

EVERYBODY = "*"
"""Stands for the unit of a file that one of our own services uploaded."""


def uploaded_for(state: State, data: Json, context: Context) -> Mapping[str, Uploaded] | None:
    """What `data`'s sender may name: what their unit uploaded, or the unit that filed the request, or one of our services; and
    what the wording that stands names already, whatever became of its content. None where nobody keeps files.
    """
    if context.uploaded is None:
        return None
    units = {data.get("filed_by") or EVERYBODY, state.private.filed_by or EVERYBODY, EVERYBODY}
    if str(data.get("by", "")).startswith("service:"):
        theirs = dict(context.uploaded)
    else:
        theirs = {digest: one for digest, one in context.uploaded.items() if one.refused is not None or one.by & units}
    standing = state.private.latest if state.status in OPEN else None
    if standing is not None:
        theirs |= {file.sha256: Uploaded(size=file.size) for file in standing.request.attachments}
    return theirs
