"""What a rendering is given, and what it gives back: all the service knows of it, whose libraries are the children's alone."""

from dataclasses import dataclass

from shared.schemas.model import Json

PDF = "application/pdf"


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a child gets: the item's data, personal values, names by person id, attachments as (name, media type, bytes).

    `left_out` is (name, reason) of attachments whose content is not at hand.
    """

    identity: str
    data: Json
    personal: Json
    names: dict[str, str]
    unit: str = ""
    attachments: tuple[tuple[str, str, bytes], ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    policy_root: str | None = None


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The internal sheet of a document that goes to a customer, always a PDF."""

    data: bytes
    name: str


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """A finished file. `template`, `notes`, `substituted` (format asked → format made) and `pages` go into the manifest.

    `audience` is who may read it, customer or internal; the PDF for a customer comes with its internal `sheet`.
    """

    data: bytes
    media_type: str
    name: str
    template: str
    audience: str
    sheet: Sheet | None = None
    notes: tuple[str, ...] = ()
    substituted: tuple[tuple[str, str], ...] = ()
    pages: int | None = None
