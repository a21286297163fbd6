"""Takes one mail: reads it, finds who wrote it and what it answers, and hands it to the reception.

Invariant: what is answered 250 is durable, its bytes and files too; the same mail handed over again gets the same answer.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from services.intake.desk.resending import took_effect
from services.intake.domain.decisions import merged
from services.intake.domain.refusals import UNKNOWN
from services.intake.domain.state import State
from services.intake.mail.authenticated import vouched_for
from services.intake.mail.automatic import automatic
from services.intake.mail.kept import Kept
from services.intake.mail.letter import Letter, Unreadable
from services.intake.mail.reading import read
from services.intake.mail.replies import AUTOMATIC, LATER, NOT_VOUCHED_FOR, UNKNOWN_SENDER, Reply, remark_on, reply_to, unreadable
from services.intake.mail.threads import Threads
from services.intake.mail.understanding import MAIL_SYSTEM, Understood, body_of, patch_of, understand, unread_in
from services.intake.mail.waiver import ONE_AT_A_TIME, SENDER_NOT_PROVED, WHICH_REQUEST, Waiver, waivers_in
from services.intake.reception import Reception, Submission, command_id, identity, refused
from shared.catalogue import Pack
from shared.schemas.model import Json
from shared.schemas.people import Directory, Person
from shared.schemas.requests import Action, Answer

log = structlog.get_logger()
MAIL = "message/rfc822"
KEPT_OF_AUTOMATIC = 64 * 1024


class Clock(Protocol):
    def now(self) -> datetime: ...


class Blobs(Protocol):
    async def put(self, data: bytes, *, name: str, media_type: str) -> str: ...


KeepsMail = Callable[[Submission, Answer, str], Awaitable[None]]


class Files(Protocol):
    async def keep(self, data: bytes, *, name: str, media_type: str, by: str) -> None: ...


class Remembers(Protocol):
    async def remember(self, mail: Kept) -> None: ...

    async def bytes_kept(self, mail: str) -> str | None: ...


@dataclass(frozen=True, kw_only=True)
class Door:
    """Who is let in: `ours` are our own addresses, `vouching` the server that must vouch for senders, if one must."""

    ours: frozenset[str] = frozenset()
    vouching: str | None = None


class MailRoom:
    """Every mail goes through `take`, whatever handed it over."""

    def __init__(
        self,
        *,
        reception: Reception,
        threads: Threads,
        book: Remembers,
        blobs: Blobs,
        files: Files,
        directory: Callable[[], Directory],
        pack: Pack,
        clock: Clock,
        door: Door,
        refused: KeepsMail | None = None,
    ) -> None:
        """`refused` puts a known sender's mail that came to nothing on their unit's desk."""
        self._refused = refused
        self._reception = reception
        self._threads = threads
        self._book = book
        self._blobs = blobs
        self._files = files
        self._directory = directory
        self._pack = pack
        self._clock = clock
        self._door = door

    async def take(self, raw: bytes, *, envelope_sender: str | None, recipients: Sequence[str]) -> Reply:
        """The reply to one mail; raises what the store raised, and then handing it over again is right."""
        try:
            letter = await asyncio.to_thread(read, raw)
        except Unreadable as error:
            log.info("mail.unreadable", size=len(raw))
            return unreadable(error.text)
        reason = automatic(letter, envelope_sender=envelope_sender, ours=self._door.ours)
        if reason is not None:
            return await self._keep_automatic(raw, letter, reason)
        directory = self._directory()
        if not directory.people:
            return LATER  # nobody is known yet: the directory is still to come
        if self._door.vouching is not None and not vouched_for(letter, self._door.vouching):
            log.info("mail.not_vouched_for")
            return NOT_VOUCHED_FOR
        sender = writer_of(letter, directory)
        if sender is None:
            log.info("mail.unknown_sender")
            return UNKNOWN_SENDER
        return await self._taken(raw, letter, sender, recipients, directory)

    async def _taken(self, raw: bytes, letter: Letter, sender: Person, recipients: Sequence[str], directory: Directory) -> Reply:
        command = command_id("mail", sender.id, letter.reference, letter.content)
        # What was kept once may have been erased since, and is not put back.
        sha256 = await self._book.bytes_kept(command) or await self._blobs.put(raw, name="mail.eml", media_type=MAIL)
        for file in letter.files:
            await self._files.keep(file.data, name=file.name, media_type=file.media_type, by=sender.business_unit)
        if waivers := waivers_in(letter.text, self._pack):
            answer = await self._waived(letter, sender, command, sha256, waivers)
            return await self._replied(letter, sender, command, sha256, answer)
        answered = await self._threads.answered_by(letter, sender.id)
        if answered is None:
            understood = await asyncio.to_thread(understand, letter, self._pack, recipients=recipients)
            body = body_of(understood, letter, sender, self._pack, directory)
            body = await self._completed(understood, body, sender)
            submission = _new(understood, body, sender, command)
            answer = await self._reception.take(submission)
            await self._keep_refused(submission, answer, sha256)
        else:
            told = await self._answer(letter, sender, command, sha256, *answered)
            if told is None:
                await self._remember(letter, "remark", sha256, command, sender.id, answered[0])
                return remark_on(answered[0])
            answer = told
        return await self._replied(letter, sender, command, sha256, answer)

    async def _replied(self, letter: Letter, sender: Person, command: str, sha256: str, answer: Answer) -> Reply:
        await self._remember(letter, answer.action, sha256, command, sender.id, answer.id)
        reply = reply_to(answer)
        log.info("mail.taken", request=answer.id, action=answer.action, outcome=answer.outcome, code=reply.code)
        return reply

    async def _completed(self, understood: Understood, body: Json, sender: Person) -> Json:
        """A mail that repeats a request of another system says less than that system knows; what it leaves out is as it was."""
        subject = identity(body) if body["source"]["system"] != MAIL_SYSTEM else None
        state = await self._threads.theirs(subject, sender.id) if subject is not None else None
        latest = state.private.latest if state is not None else None
        if latest is None:
            return body
        unsaid = [key for key in ("locale", "requester") if understood.said.get(key) is None]
        return merged(latest.body, {key: value for key, value in body.items() if key not in unsaid})

    async def _answer(
        self, letter: Letter, sender: Person, command: str, sha256: str, request: str, state: State
    ) -> Answer | None:
        """An answer to a request: it takes it back, or amends it with what it names; None for thanks, which change nothing.

        What was returned or rejected is judged again, whatever the answer says: what was wrong may have been ours.
        """
        latest = state.private.latest
        current: Json = latest.body if latest is not None else {}
        given = current.get("type")
        kind = self._pack.type_by_alias(given) if isinstance(given, str) else None
        understood = await asyncio.to_thread(understand, letter, self._pack, kind=kind, before=unread_in(current))
        if understood.withdrawal is not None:
            body: Json = {"reason": understood.withdrawal}
            return await self._told(request, _submission("withdraw", body, sender, command), sha256)
        patch = patch_of(understood, letter, current, sender, self._pack)
        if not patch and state.status not in {"returned", "rejected"}:
            return None
        return await self._told(request, _submission("amend", patch, sender, command), sha256)

    async def _waived(self, letter: Letter, sender: Person, command: str, sha256: str, waivers: Sequence[Waiver]) -> Answer:
        """A waiver is its writer's own where it is proved who wrote it. It does nothing besides: fields beside it change nothing.

        A request that they may not know of is answered as one that is none, and its id is told nowhere.
        """
        body: Json = {"precondition": waivers[0].precondition, "reason": waivers[0].reason}
        submission = _submission("waive", body, sender, command)
        request, named = await self._threads.spoken_of(letter, sender)
        if self._door.vouching is None:
            answer = refused(None, "waive", SENDER_NOT_PROVED)
        elif len(waivers) > 1:
            answer = refused(None, "waive", ONE_AT_A_TIME)
        elif request is None:
            answer = refused(None, "waive", UNKNOWN if named else WHICH_REQUEST)
        else:
            answer = await self._reception.take_for(request, submission)
            if answer.problem is not None and answer.problem["code"] == UNKNOWN.code:
                answer = refused(None, "waive", UNKNOWN)
        await self._keep_refused(submission, answer, sha256)
        return answer

    async def _told(self, request: str, submission: Submission, sha256: str) -> Answer:
        answer = await self._reception.take_for(request, submission)
        await self._keep_refused(submission, answer, sha256)
        return answer

    async def _keep_refused(self, submission: Submission, answer: Answer, sha256: str) -> None:
        """What changed nothing is for the sender's unit to correct."""
        if self._refused is not None and not took_effect(answer):
            await self._refused(submission, answer, sha256)

    async def _keep_automatic(self, raw: bytes, letter: Letter, reason: str) -> Reply:
        sha256 = await self._blobs.put(raw[:KEPT_OF_AUTOMATIC], name="mail.eml", media_type=MAIL)
        identity = hashlib.sha256(f"{letter.reference}\x1f{letter.content}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
        await self._remember(letter, reason, sha256, identity)
        log.info("mail.automatic", reason=reason)
        return AUTOMATIC

    async def _remember(
        self, letter: Letter, kind: str, sha256: str, identity: str, person: str | None = None, request: str | None = None
    ) -> None:
        mail = Kept(
            id=identity,
            message_id=letter.message_id,
            kind=kind,
            sha256=sha256,
            at=self._clock.now(),
            person=person,
            request=request,
        )
        await self._book.remember(mail)


def writer_of(letter: Letter, directory: Directory) -> Person | None:
    """The one active person whose address the mail is from; nobody when two have it."""
    if not letter.sender:
        return None
    found = [one for one in directory.people.values() if one.active and one.email.strip().lower() == letter.sender]
    return found[0] if len(found) == 1 else None


def _new(understood: Understood, body: Json, sender: Person, command: str) -> Submission:
    """A mail that answers none is a request; one that takes a request back which it names by system and reference is that."""
    if understood.withdrawal is not None and body["source"]["system"] != MAIL_SYSTEM:
        named = {key: body[key] for key in ("business_unit", "source")}
        return _submission("withdraw", named | {"reason": understood.withdrawal}, sender, command)
    return _submission("submit", body, sender, command)


def _submission(action: Action, body: Json, sender: Person, command: str) -> Submission:
    return Submission(
        action=action, body=body, by=f"person:{sender.id}", filed_by=sender.business_unit, channel="mail", id=command
    )
