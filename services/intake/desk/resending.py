"""Sends what came to nothing once more, corrected: the same validator, the same identity, one request.

Invariant: an entry has one correction under way; it is written down before it is told, and told under an id of its own content, so
that two people, a stop in between, and a repetition make one request with one verdict. Of a request the id is also of the word that
the correction rests on: the same content on another day is judged anew.
"""

import json
from typing import Literal

from services.intake.desk.entries import PREFIX, Claim, Entry, Settled
from services.intake.desk.shelf import Shelf
from services.intake.domain.sending import merged
from services.intake.domain.state import OPEN, State, sortable
from services.intake.reception import NO_IDENTITY, Clock, Reception, Sender, Submission, command_id, identity, refused
from shared.ledger.messages import Refusal
from shared.schemas.model import Frozen, Json, Text
from shared.schemas.requests import Action, Answer, number_of

IDENTITY_FIXED = Refusal(
    code="identity_fixed",
    status=422,
    message=Text(
        zh="更正后的 business_unit 与 source 须与原件相同；要用别的单号，请另行提交。",
        en="A correction keeps `business_unit` and `source` as they were; submit it by itself to use another reference.",
    ),
)
NO_CONTENT = Refusal(
    code="body_missing",
    status=422,
    message=Text(
        zh="原件不能读取，无从修补；请在 body 中给出完整内容。",
        en="What was sent cannot be read, so there is nothing to patch; give the whole content in `body`.",
    ),
)


class Correction(Frozen, extra="forbid"):
    """What is sent again: a whole `body`, or a `patch` (JSON Merge Patch) to what was sent, or neither: the same once more.

    `action` may differ from what was sent: a conflict is sent again as an amendment. `seen` is the entry's own, as it was shown.
    """

    body: Json | None = None
    patch: Json | None = None
    action: Literal["submit", "amend", "withdraw"] | None = None
    seen: int | None = None


class Resending:
    """Corrections of all desks. Whose an entry is, its route has checked."""

    def __init__(self, shelf: Shelf, reception: Reception, clock: Clock) -> None:
        self._shelf = shelf
        self._reception = reception
        self._clock = clock

    async def request(self, identifier: str, state: State, correction: Correction, sender: Sender) -> Answer:
        """A returned or rejected request, corrected. Two corrections that rest on the same words: the second is refused."""
        current = state.private.current
        body = corrected(current.body if current is not None else None, correction)
        if body is None:
            return refused(identifier, "submit", NO_CONTENT)
        if identity(body) != identifier:
            return refused(identifier, "submit", IDENTITY_FIXED)
        seen = correction.seen if correction.seen is not None else state.head
        command = command_id("desk", identifier, str(seen), canonical(body))
        submission = Submission(
            action="submit",
            body=body,
            channel="http",
            id=command,
            seen=seen,
            patched=correction.body is None,
            **sender.model_dump(),
        )
        return await self._reception.take_for(identifier, submission)

    async def entry(self, entry: Entry, correction: Correction, sender: Sender) -> Answer:
        """A refused message, corrected."""
        action: Action = correction.action or entry.action
        body = corrected(entry.body, correction)
        if body is None:
            return refused(entry.subject, action, NO_CONTENT)
        subject = identity(body) or (entry.subject if action in {"amend", "withdraw", "waive"} else None)
        if subject is None:
            return refused(None, action, NO_IDENTITY)
        if entry.subject not in {None, subject}:
            return refused(entry.subject, action, IDENTITY_FIXED)
        command = command_id("desk", entry.id, action, canonical(body))
        claim = Claim(command=command, action=action, body=body, **sender.model_dump())
        if await self._shelf.claim(entry.id, claim):
            return await self._carry_out(entry, claim)
        return await self._after_another(entry, claim)

    async def _carry_out(self, entry: Entry, claim: Claim) -> Answer:
        subject = identity(claim.body) or entry.subject
        assert subject is not None, "a correction without a request is not claimed"
        sent = claim.model_dump(exclude={"command"})
        submission = Submission(channel="http", id=claim.command, **sent)
        answer = await self._reception.take_for(subject, submission)
        if took_effect(answer):
            settled = Settled(at=sortable(self._clock.now()), by=claim.by, command=claim.command, request=answer.id)
            await self._shelf.settle(entry.id, settled)
        else:
            await self._shelf.release(entry.id, claim.command)
        return answer

    async def _after_another(self, entry: Entry, claim: Claim) -> Answer:
        """Another correction came first: it is carried to its end, and only if it came to nothing is this one sent."""
        found = await self._shelf.one(entry.id)
        if found is not None and found.claim is not None and found.claim.command != claim.command:
            await self._carry_out(entry, found.claim)
            found = await self._shelf.one(entry.id)
        if found is not None and found.settled is None and await self._shelf.claim(entry.id, claim):
            return await self._carry_out(entry, claim)
        if found is not None and found.settled is not None and found.settled.command == claim.command:
            return await self._carry_out(entry, claim)
        return refused(entry.subject, claim.action, settled_already(found.settled if found else None))


def corrected(sent: Json | None, correction: Correction) -> Json | None:
    """The content to send; None when there is none to patch."""
    if correction.body is not None:
        return correction.body
    return None if sent is None else merged(sent, correction.patch or {})


def canonical(body: Json) -> str:
    """The same content is the same text."""
    return json.dumps(body, sort_keys=True)


def took_effect(answer: Answer) -> bool:
    """Whether the message is part of a request now: its verdict, whatever it is, is the request's own."""
    if answer.problem is not None:
        return False
    return not (answer.action == "amend" and answer.status in OPEN and not answer.amended and answer.outcome != "accepted")


def settled_already(settled: Settled | None) -> Refusal:
    """Somebody was first."""
    number = number_of(settled.request) if settled is not None and settled.request else "?"
    return Refusal(
        code="settled",
        message=Text(
            zh=f"这一条已经处理（申请 {number}）；请查看该申请，需要时对它提出变更。",
            en=f"This entry is settled already (request {number}); look at that request, and amend it if need be.",
        ),
    )


def is_entry(identifier: str) -> bool:
    """Whether `identifier` is an entry's own id; a returned or rejected request is called by its."""
    return identifier.startswith(PREFIX)
