"""Builds intake: settings → ledgers → broker → HTTP. Nothing happens on import."""

from datetime import timedelta

from fastapi import APIRouter, FastAPI

from services.intake.api import (
    Administration,
    Callbacks,
    access_routes,
    attachment_routes,
    batch_routes,
    callback_routes,
    catalogue_routes,
    desk_routes,
    erasing_routes,
    people_routes,
    person_routes,
    personal_routes,
    reading_routes,
    submitting_routes,
    waiving_routes,
)
from services.intake.attachments import Attachments
from services.intake.desk.page import page_routes
from services.intake.desk.refused import Refusals
from services.intake.desk.room import DeskRoom
from services.intake.domain import PeopleDomain, RequestDomain
from services.intake.domain.early import OVER
from services.intake.inbound import Inbound, heard_topics
from services.intake.mail.kept import MailBook
from services.intake.mail.mailbox import Mailbox
from services.intake.mail.polling import Poller
from services.intake.mail.receiver import Receiver
from services.intake.mail.taking import Door, MailRoom
from services.intake.mail.threads import Threads
from services.intake.persons import Persons
from services.intake.projection import Projection
from services.intake.reception import Reception
from services.intake.settings import IntakeSettings
from services.intake.surroundings import PeopleSurroundings, RequestSurroundings
from services.intake.unnamed import Unnamed
from services.intake.uploads import Uploads
from services.intake.watching import Watcher
from shared.callbacks.guard import Guard
from shared.catalogue import Pack, newest
from shared.ledger.desk import Desk
from shared.ledger.proving import Outside
from shared.messaging.consumer import Subscription
from shared.schemas.topics import INBOUND_GROUP, PEOPLE, REQUEST_TOPICS
from shared.service.application import application, run
from shared.service.parts import LedgerRoom, Parts

LARGE_JSON = 64 * 1024 * 1024


def build_app(settings: IntakeSettings) -> FastAPI:
    """The whole of intake as one application."""
    parts = Parts.build(settings)
    current = newest(parts.packs, settings.policy)
    projection = Projection(parts.database["requests"])
    attachments = Attachments(parts.blobs, parts.database["refused_files"])
    requests = _requests(settings, parts, current, projection, attachments)
    people = parts.room("people_ledger", PeopleDomain(), PeopleSurroundings(parts.clock, parts.people), PEOPLE)
    reception = Reception(requests.desk, parts.clock, parts.keys, settings.files_for, settings.waiving)
    watcher = Watcher(projection.revisions)
    desk = DeskRoom.of(parts, projection, settings.desk_entries)
    inbound = _inbound(settings, parts, reception, desk.refusals)
    book = MailBook(parts.database["mails"])
    mails = _mail_room(settings, parts, reception, Threads(projection, book), book, current, desk.refusals, attachments)
    doors: list[Receiver | Poller] = [*_receivers(settings, mails), *_pollers(settings, mails)]
    app = application(
        parts,
        rooms={"requests": requests, "people": people},
        workers=[parts.worker(requests, {OVER: desk.tells.perform}), parts.worker(people)],
        subscriptions=[parts.hears(requests, "routing", "documents", "notify"), *_from_topics(settings, inbound)],
        routers=[
            *_commands(reception, parts, current, desk.refusals),
            *(desk_routes(desk.reader, desk.resending(reception), parts.auth.needs), page_routes()),
            reading_routes(projection, parts.auth.needs("requests:read"), watcher),
            catalogue_routes(current, parts.auth.principal),
            people_routes(people.desk, parts.people, parts.clock, parts.auth.needs("people:read")),
            callback_routes(_callbacks(settings, parts), people.desk, parts.people, parts.clock, parts.auth),
            access_routes(_administration(parts, people.desk), parts.auth.needs("access:manage"), settings.access_role),
            attachment_routes(attachments, parts.blobs, projection, parts.signer, parts.auth.needs),
            *_erasing(parts, requests.desk, book, desk, Uploads(parts.blobs, projection, requests.store.events)),
            personal_routes(projection, parts.blobs, parts.packs, parts.auth.service, parts.signer),
        ],
        prepare=[projection.prepare, book.prepare, desk.shelf.prepare, *(door.open for door in doors)],
        loops=[desk.keeper.work, Unnamed(parts.blobs, projection).sweep, *(door.serve for door in doors)],
        closing=[door.close for door in doors],
        limits=_limits(settings),
    )
    app.state.stopping = (*app.state.stopping, watcher.stop)
    return app


def _commands(reception: Reception, parts: Parts, current: Pack, refusals: Refusals) -> tuple[APIRouter, ...]:
    writes = parts.auth.needs("requests:write")
    return (
        submitting_routes(reception, writes),
        batch_routes(reception, writes, current, parts.people, refusals.line),
        waiving_routes(reception, writes),
    )


def _requests(
    settings: IntakeSettings, parts: Parts, current: Pack, projection: Projection, attachments: Attachments
) -> LedgerRoom:
    surroundings = RequestSurroundings(
        clock=parts.clock,
        people=parts.people,
        packs=parts.packs,
        current=current,
        requests=projection,
        enclosed=attachments,
        early_wait=timedelta(minutes=settings.early_minutes),
    )
    outside = Outside(repeatable=frozenset({OVER}))
    return parts.room("requests", RequestDomain(), surroundings, REQUEST_TOPICS["intake"], outside)


def _erasing(parts: Parts, requests: Desk, book: MailBook, desk: DeskRoom, uploads: Uploads) -> tuple[APIRouter, APIRouter]:
    """What operators erase with: a request's values, and whatever names a natural person."""
    database, authorised = parts.database, parts.auth.service
    persons = Persons(database["requests"], desk.shelf, database["erasures"], parts.packs)
    return (
        erasing_routes(requests, book, desk.shelf, parts.blobs, parts.audit, parts.clock, authorised, uploads.forget),
        person_routes(persons, parts.blobs, parts.audit, parts.clock, authorised),
    )


def _inbound(settings: IntakeSettings, parts: Parts, reception: Reception, refusals: Refusals) -> Inbound:
    units, proven = settings.units_inbound, settings.units_proven
    return Inbound(reception, parts.burial, parts.producer, units, refusals, proven=proven)


def _from_topics(settings: IntakeSettings, inbound: Inbound) -> list[Subscription]:
    """What reads the inbound topics, or nothing where there are none."""
    topics = heard_topics(settings.units_inbound, shared=settings.reads_shared)
    return [Subscription(topics=topics, handle=inbound.handle, group=INBOUND_GROUP)] if topics else []


def _limits(settings: IntakeSettings) -> dict[str, int]:
    """The largest body of each address that takes more than a request, in bytes."""
    return {
        "/v1/requests:batch": settings.max_batch_bytes,
        "/v1/attachments": settings.max_attachment_bytes,
        "/v1/people:import": LARGE_JSON,
    }


def _administration(parts: Parts, desk: Desk) -> Administration:
    return Administration(desk=desk, people=parts.people, clock=parts.clock, audit=parts.audit, access=parts.access)


def _callbacks(settings: IntakeSettings, parts: Parts) -> Callbacks:
    return Callbacks(guard=Guard(settings.callback_rules), people=parts.people, secret=settings.callback_master)


def _mail_room(
    settings: IntakeSettings,
    parts: Parts,
    reception: Reception,
    threads: Threads,
    book: MailBook,
    current: Pack,
    refusals: Refusals,
    attachments: Attachments,
) -> MailRoom:
    return MailRoom(
        reception=reception,
        threads=threads,
        book=book,
        blobs=parts.blobs,
        files=attachments,
        directory=lambda: parts.people.directory,
        pack=current,
        clock=parts.clock,
        door=Door(ours=settings.mailboxes, vouching=settings.mail_vouching_server),
        refused=refusals.mail,
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
        secured=settings.secured,
    )
    return [receiver]


def _pollers(settings: IntakeSettings, room: MailRoom) -> list[Poller]:
    """What reads the mailbox, or none where there is none."""
    if (account := settings.mailbox) is None:
        return []
    mailbox = Mailbox(account, max_bytes=settings.max_mail_bytes)
    return [Poller(room, mailbox, seconds=settings.mail_imap_seconds, max_bytes=settings.max_mail_bytes)]


def main() -> None:
    """Run intake as the environment says."""
    run(lambda: IntakeSettings.read("intake"), build_app)


if __name__ == "__main__":
    main()
