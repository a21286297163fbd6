"""What documents says on backline.documents.v1: which files exist, made from what, addressed by their content."""

from shared.schemas.model import Frozen, Json


class DocumentRendered(Frozen):
    """A file in the document store. `manifest` names inputs, template version and hashes, so it can be made again."""

    document: str
    kind: str
    name: str
    media_type: str
    language: str
    size: int
    sha256: str
    version: int
    manifest: Json


class DocumentFailed(Frozen):
    document: str
    kind: str
    problem: str
