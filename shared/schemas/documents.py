"""What documents says on backline.documents.v1: which files exist, made from what, addressed by their content."""

from shared.schemas.model import Frozen, Json


class DocumentRendered(Frozen):
    """A file in the document store. `manifest` names inputs, template version and hashes, so it can be made again.

    `together` lists the documents of one cause, this one included; empty for one that was planned before there was this list.
    """

    document: str
    kind: str
    name: str
    media_type: str
    language: str
    size: int
    sha256: str
    version: int
    manifest: Json
    together: tuple[str, ...] = ()


class DocumentFailed(Frozen):
    """A file that will not come; `together` as for DocumentRendered.

    `problem` is for operators; `cause` says in one word what people can be told of it: draft_missing, template, renderer,
    policy_missing, or nothing when it is of no kind that is known.
    """

    document: str
    kind: str
    problem: str
    cause: str = ""
    together: tuple[str, ...] = ()
