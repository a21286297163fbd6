"""Builds intake: settings → ledgers → broker → HTTP. Nothing happens on import."""

from fastapi import FastAPI

from services.intake.api import (
    attachment_routes,
    catalogue_routes,
    people_routes,
    personal_routes,
    reading_routes,
    submitting_routes,
)
from services.intake.domain import PeopleDomain, RequestDomain
from services.intake.inbound import Inbound
from services.intake.mail.kept import MailBook
from services.intake.mail.receiver import Receiver
from services.intake.mail.taking import Door, MailRoom
from services.intake.mail.threads import Threads
from services.intake.projection import Projection
from services.intake.reception import Reception
from services.intake.settings import IntakeSettings
from services.intake.surroundings import PeopleSurroundings, RequestSurroundings
from services.intake.watching import Watcher
from shared.catalogue import Pack, newest
from shared.messaging.consumer import Subscription
from shared.schemas.topics import INBOUND, PEOPLE, REQUEST_TOPICS
from shared.service.application import application, run
from shared.service.parts import Parts

LARGE_JSON = 64 * 1024 * 1024


def build_app(settings: IntakeSettings) -> FastAPI:
    """The whole of intake as one application."""
    parts = Parts.build(settings)
    current = newest(parts.packs, settings.policy)
    projection = Projection(parts.database["requests"])
    surroundings = RequestSurroundings(
        clock=parts.clock, people=parts.people, packs=parts.packs, current=current, requests=projection
    )
    requests = parts.room("requests", RequestDomain(), surroundings, REQUEST_TOPICS["intake"])
    people = parts.room("people_ledger", PeopleDomain(), PeopleSurroundings(parts.clock, parts.people), PEOPLE)
    reception = Reception(requests.desk, parts.clock, parts.keys)
    watcher = Watcher(projection.revisions)
    inbound = Inbound(reception, parts.burial, parts.producer)
    book = MailBook(parts.database["mails"])
    receivers = _receivers(settings, _mail_room(settings, parts, reception, Threads(projection, book), book, current))
    app = application(
        parts,
        rooms={"requests": requests, "people": people},
        workers=[parts.worker(requests), parts.worker(people)],
        subscriptions=[
            parts.hears(requests, "routing", "documents", "notify"),
            Subscription(topics=(INBOUND,), handle=inbound.handle, group="backline.intake.inbound"),
        ],
        routers=[
            submitting_routes(reception, parts.auth.principal, current, parts.people),
            reading_routes(projection, parts.auth.principal, watcher),
            catalogue_routes(current, parts.auth.principal),
            people_routes(people.desk, parts.people, parts.clock, parts.auth.principal),
            attachment_routes(parts.blobs, parts.auth.principal),
            personal_routes(projection, parts.blobs, parts.packs, parts.auth.service),
        ],
        prepare=[projection.prepare, book.prepare, *(receiver.open for receiver in receivers)],
        loops=[receiver.serve for receiver in receivers],
        closing=[receiver.close for receiver in receivers],
        limits=_limits(settings),
    )
    app.state.stopping = (*app.state.stopping, watcher.stop)
    return app


def _limits(settings: IntakeSettings) -> dict[str, int]:
    """The largest body of each address that takes more than a request, in bytes."""
    return {
        "/v1/requests:batch": settings.max_batch_bytes,
        "/v1/attachments": settings.max_attachment_bytes,
        "/v1/people:import": LARGE_JSON,
    }


def _mail_room(
    settings: IntakeSettings, parts: Parts, reception: Reception, threads: Threads, book: MailBook, current: Pack
) -> MailRoom:
    return MailRoom(
        reception=reception,
        threads=threads,
        book=book,
        blobs=parts.blobs,
        directory=lambda: parts.people.directory,
        pack=current,
        clock=parts.clock,
        door=Door(ours=settings.mailboxes, vouching=settings.mail_vouching_server),
    )


def _receivers(settings: IntakeSettings, room: MailRoom) -> list[Receiver]:
    """The receiver of mails, or none where no port is set."""
    if settings.mail_port is None:
        return []
    receiver = Receiver(
        room,
        host=settings.mail_host,
        port=settings.mail_port,
        protocol=settings.mail_protocol,
        max_bytes=settings.max_mail_bytes,
        mailboxes=settings.mailboxes,
    )
    return [receiver]


def main() -> None:
    """Run intake as the environment says."""
    run(IntakeSettings.read("intake"), build_app)


if __name__ == "__main__":
    main()
