"""Builds documents: settings → ledger → renderer → broker → HTTP. Nothing happens on import."""

from fastapi import FastAPI

from services.documents.api import document_routes
from services.documents.domain import RENDER, DocumentsDomain
from services.documents.effects import HttpIntake, Rendering
from services.documents.erasing import Erasing, erasing_routes
from services.documents.keeping import Kept
from services.documents.orphans import Orphans
from services.documents.projection import Projection
from services.documents.rendering.children import Children
from services.documents.surroundings import DocumentsSurroundings
from shared.ledger.proving import Outside
from shared.schemas.topics import REQUEST_TOPICS
from shared.service.application import application, run
from shared.service.parts import Parts
from shared.service.settings import Settings

RENDERINGS_AT_ONCE = 2


def build_app(settings: Settings) -> FastAPI:
    """The whole of documents as one application."""
    parts = Parts.build(settings)
    projection = Projection(parts.database["requests"])
    surroundings = DocumentsSurroundings(clock=parts.clock, packs=parts.packs, surveys=projection)
    # Made twice it is the same file; one that went with the database is made again.
    outside = Outside(repeatable=frozenset({RENDER}), kept=Kept(parts.blobs))
    room = parts.room("requests", DocumentsDomain(), surroundings, REQUEST_TOPICS["documents"], outside)
    erasing = Erasing(parts.blobs, parts.database["erased_files"])
    children = Children()
    rendering = Rendering(
        intake=HttpIntake(parts.http, settings.intake_url),
        files=parts.blobs,
        renderer=children,
        directory=lambda: parts.people.directory,
        policy_root=settings.policy_root,
    )
    return application(
        parts,
        rooms={"requests": room},
        workers=[parts.worker(room, {RENDER: rendering.perform}, slots=RENDERINGS_AT_ONCE)],
        subscriptions=[parts.hears(room, "intake", "routing")],
        routers=[
            document_routes(projection, parts.blobs, parts.auth.needs("documents:read"), parts.signer, erasing.was),
            erasing_routes(erasing, parts.audit, parts.auth.service),
        ],
        prepare=[projection.prepare],
        loops=[Orphans(parts.blobs, projection).sweep],
        closing=[children.close],
    )


def main() -> None:
    """Run documents as the environment says."""
    run(lambda: Settings.read("documents"), build_app)


if __name__ == "__main__":
    main()
