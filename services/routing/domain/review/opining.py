"""What reviewers do: give an opinion, return the review to a step, ask somebody else too, hand their part to a colleague. Pure."""

from collections.abc import Callable
from typing import get_args

from pydantic import BaseModel

from services.routing.domain import handing
from services.routing.domain.context import Context
from services.routing.domain.performing import accepted
from services.routing.domain.refusals import NO_REASON, SEATED_ALREADY, not_fit
from services.routing.domain.review import refusals
from services.routing.domain.review.chain import party as named
from services.routing.domain.review.deciding import decided
from services.routing.domain.review.evolving import reviewed
from services.routing.domain.review.model import Review, newly_asked
from services.routing.domain.review.places import place, place_of
from services.routing.domain.seating import Seating, seating
from services.routing.domain.state import Held, State, held
from services.routing.domain.wish import Wish
from shared.catalogue import SupporterRole
from shared.ledger.messages import Decision, Refusal
from shared.schemas.reviews import (
    OpinionGiven,
    Party,
    ReviewCondition,
    ReviewerAdded,
    ReviewReturned,
    ReviewStep,
    Verdict,
)
from shared.schemas.routing import Seat, SupporterAdded, WorkCommand

Command = Callable[[State, Wish, Context], Decision]


def opine(state: State, wish: Wish, context: Context) -> Decision:
    """An opinion on the wording that was seen: of each person but one that counts, for whomever they give it.

    The last one ends the review; whoever had not accepted accepts with it.
    """
    found = _reviewing(state, wish, context)
    if isinstance(found, Refusal):
        return Decision(refusal=found)
    review, party, seat = found
    if any(opinion.by == wish.by for opinion in review.opinions):
        return Decision(refusal=refusals.OPINED_FOR_ANOTHER)
    said = _opinion(state, wish, context, review, party, seat)
    if isinstance(said, Refusal):
        return Decision(refusal=said)
    after = reviewed(review, said)
    said = said.model_copy(update={"asked": newly_asked(review, after, state.supporters)})
    facts: list[BaseModel] = []
    if not seat.accepted:
        facts.append(accepted(state, seat, wish))
    ended = decided(after, state, context, by=wish.by, on_behalf_of=wish.behalf(seat.person))
    return Decision(facts=(*facts, said, *ended))


def return_to_step(state: State, wish: Wish, context: Context) -> Decision:
    """Whoever is asked, or the coordinator, has the opinions from `step` on given again."""
    found = _arranging(state, wish, context)
    if isinstance(found, Refusal):
        return Decision(refusal=found)
    review, holder = found
    reason, step = wish.text("reason"), wish.text("step")
    if not reason:
        return Decision(refusal=NO_REASON)
    number = next((number for number, one in enumerate(review.steps) if one.key == step), None)
    behind = {party.key for one in review.steps[number:] for party in one.parties} if number is not None else set()
    again = tuple(opinion.party for opinion in review.opinions if opinion.party in behind)
    if not again:
        return Decision(refusal=refusals.NO_STEP)
    if review.returns >= refusals.MOST_RETURNS:
        return Decision(refusal=refusals.TOO_MANY_RETURNS)
    fact = ReviewReturned(by=wish.by, step=step, reason=reason, again=again, asked=(), on_behalf_of=wish.behalf(holder))
    asked = newly_asked(review, reviewed(review, fact), state.supporters)
    return Decision(facts=(fact.model_copy(update={"asked": asked}),))


def ask_also(state: State, wish: Wish, context: Context) -> Decision:
    """One more opinion, of `person` in a `role` they hold, before or after the party `beside`."""
    found = _arranging(state, wish, context)
    if isinstance(found, Refusal):
        return Decision(refusal=found)
    review, holder = found
    reason, person, beside = wish.text("reason"), wish.text("person"), wish.text("beside")
    if not reason:
        return Decision(refusal=NO_REASON)
    if all(party.key != beside for party in review.parties) or review.said(beside) is not None:
        return Decision(refusal=refusals.NO_PARTY)
    if any(seat.person == person for seat in state.supporters):
        return Decision(refusal=SEATED_ALREADY)
    seats = seating(wish.subject, state, context)
    seat, party = _extra(seats, person, wish.text("role"), context)
    if not isinstance(seat, Seat) or party is None:
        return Decision(refusal=not_fit(person, str(seat)))
    if any(one.key == party.key for one in review.parties) or any(place_of(one) == party.key for one in state.supporters):
        return Decision(refusal=refusals.ASKED_ALREADY)
    steps = _beside(review, party, beside, before=wish.text("place") != "after")
    everybody = (*(Seat(**one.model_dump(exclude={"accepted"})) for one in state.supporters), seat)
    behalf = wish.for_coordinator(state, context)
    said = {"by": wish.by, "person": person, "reason": reason}
    added = SupporterAdded(**said, role=seat.role, seats=everybody, status=state.status, on_behalf_of=behalf)
    asked = newly_asked(review, review.model_copy(update={"steps": steps}), held(everybody, state.supporters))
    fact = ReviewerAdded(
        **said,
        party=party.key,
        place="after" if wish.text("place") == "after" else "before",
        beside=beside,
        steps=steps,
        asked=asked,
        on_behalf_of=wish.behalf(holder),
    )
    return Decision(facts=(added, fact), reservations=seats.reservations())


def transfer(state: State, wish: Wish, context: Context) -> Decision:
    """A part that has given no opinion yet goes to a colleague who may have the seat: one's own, or as coordinator that of `holder`."""
    review = _open(state, wish)
    if isinstance(review, Refusal):
        return Decision(refusal=review)
    holder = wish.text("holder")
    seat = next((one for one in state.supporters if one.person == holder), None) if holder else _own(state, wish, context)
    if seat is not None and review.said(place_of(seat)) is not None:
        return Decision(refusal=refusals.OPINED_ALREADY)
    if state.asked_for_by(wish.text("person")):
        return Decision(refusal=refusals.OWN_REQUEST)
    return handing.handed(state, wish, context)


def _own(state: State, wish: Wish, context: Context) -> Held | None:
    return wish.seat_in(state.supporters, context)


def _open(state: State, wish: Wish) -> Review | Refusal:
    """The review while it runs, for somebody other than the requester."""
    review = state.review
    if review is None:
        return refusals.NO_REVIEW
    if state.asked_for_by(wish.by):
        return refusals.OWN_REQUEST
    return review if review.runs else refusals.not_open(review.waiting)


def _reviewing(state: State, wish: Wish, context: Context) -> tuple[Review, Party, Held] | Refusal:
    """The party for which `by` is asked now, with its seat."""
    review = _open(state, wish)
    if isinstance(review, Refusal):
        return review
    mine = (seat for seat in state.supporters if wish.acts_for(seat.person, context))
    places = {place_of(seat): seat for seat in mine if not state.asked_for_by(seat.person)}
    parties = [party for party in review.parties if party.key in places]
    if not parties:
        return refusals.NOT_REVIEWER
    # Their own part before that of somebody away: of two they may give but one.
    parties.sort(key=lambda party: places[party.key].person != wish.by)
    turn = next((party for party in parties if party in review.turn), None)
    if turn is not None:
        return review, turn, places[turn.key]
    given = all(review.said(party.key) is not None for party in parties)
    return refusals.OPINED_ALREADY if given else refusals.not_your_turn(review.turn)


def _arranging(state: State, wish: Wish, context: Context) -> tuple[Review, str] | Refusal:
    """The review, and in whose place `by` arranges it: as the party asked now, or as the coordinator."""
    review = _open(state, wish)
    if isinstance(review, Refusal):
        return review
    coordinating = wish.coordinating(state, context)
    if coordinating is not None:
        return review, coordinating.person
    found = _reviewing(state, wish, context)
    return found if isinstance(found, Refusal) else (review, found[2].person)


def _opinion(state: State, wish: Wish, context: Context, review: Review, party: Party, seat: Held) -> OpinionGiven | Refusal:
    seen = wish.data.get("version")
    if not isinstance(seen, int) or isinstance(seen, bool):
        return refusals.NO_VERSION
    if seen != state.version:
        return refusals.OTHER_VERSION
    opinion = next((one for one in get_args(Verdict) if one == wish.data.get("opinion")), None)
    if opinion is None:
        return refusals.BAD_OPINION
    conditions = _conditions(review, wish.data.get("conditions"))
    if bool(conditions) != (opinion == "approve_with_changes"):
        return refusals.NO_CONDITIONS
    if opinion == "reject" and not wish.text("text"):
        return NO_REASON
    return OpinionGiven(
        by=wish.by,
        party=party.key,
        opinion=opinion,
        text=wish.text("text"),
        conditions=conditions,
        version=state.version,
        at=context.now,
        on_behalf_of=wish.behalf(seat.person),
    )


def _conditions(review: Review, given: object) -> tuple[ReviewCondition, ...]:
    """The conditions, each with an id that the review has not had before (C1, C2, …)."""
    first = 1 + review.demanded + sum(len(opinion.conditions) for opinion in review.opinions)
    wanted = [one for one in given if isinstance(one, dict)] if isinstance(given, list | tuple) else []
    return tuple(
        ReviewCondition(id=f"C{number}", text=str(one.get("text") or ""), concerns=tuple(map(str, one.get("concerns") or ())))
        for number, one in enumerate(wanted, start=first)
    )


def _extra(seats: Seating, person: str, role: str, context: Context) -> tuple[Seat | str, Party | None]:
    """The seat of somebody who is asked too, in `role` or the first they hold; or the filter that removes them."""
    found = context.directory.people.get(person)
    role = role or (found.roles[0] if found and found.roles else "")
    department = found.department if found and role == "department_reviewer" else None
    seat = seats.named("supporter", SupporterRole(role=role, department=department), person)
    return (seat, named(role, department, seats.pack, extra=True)) if isinstance(seat, Seat) else (seat, None)


def _beside(review: Review, party: Party, beside: str, *, before: bool) -> tuple[ReviewStep, ...]:
    number = review.step_of(beside) + (0 if before else 1)
    step = ReviewStep(key=f"extra:{place(party.role, party.department)}", name=party.name, rule="all", parties=(party,))
    return (*review.steps[:number], step, *review.steps[number:])


COMMANDS: dict[WorkCommand, Command] = {
    "opine": opine,
    "return_to_step": return_to_step,
    "ask_also": ask_also,
    "transfer": transfer,
}
