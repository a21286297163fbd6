"""The policy as data, its loader, and the one validator that gives every channel the same verdict. Pure."""

from shared.catalogue.directory_file import read_directory
from shared.catalogue.form import form_schema
from shared.catalogue.frame import SHAPED as FRAME_FIELDS
from shared.catalogue.judge import Judgement, JudgingContext, earlier_references, judge
from shared.catalogue.labels import FRAME_LABELS
from shared.catalogue.load import PackError, load_pack, load_packs, newest
from shared.catalogue.meaning import changes, meaning
from shared.catalogue.pack import Field, Pack, RequestType, SupporterRole, fold
from shared.catalogue.privacy import personal, public, restore
from shared.catalogue.proofs import EarlierRequest
from shared.catalogue.shapes import likely

__all__ = [
    "FRAME_FIELDS",
    "FRAME_LABELS",
    "EarlierRequest",
    "Field",
    "Judgement",
    "JudgingContext",
    "Pack",
    "PackError",
    "RequestType",
    "SupporterRole",
    "changes",
    "earlier_references",
    "fold",
    "form_schema",
    "judge",
    "likely",
    "load_pack",
    "load_packs",
    "meaning",
    "newest",
    "personal",
    "public",
    "read_directory",
    "restore",
]
