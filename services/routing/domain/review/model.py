"""The state of one review: its chain, the opinions that count, and whose turn it is. Pure."""

from collections.abc import Sequence

from services.routing.domain.review.places import place_of
from shared.schemas.model import Frozen, Text
from shared.schemas.reviews import ConditionAccount, Opinion, Party, PastOpinion, ReviewOutcome, ReviewStep
from shared.schemas.routing import Seat


class Review(Frozen):
    """`opinions` count; `past` were asked for again, the latest of them. `waiting` says why it cannot begin or end.

    `account` is the last amendment's. `demanded` counts the conditions of past opinions, `returns` how often this round went back.
    """

    round: int = 0
    steps: tuple[ReviewStep, ...] = ()
    amount: float = 0.0
    opinions: tuple[Opinion, ...] = ()
    past: tuple[PastOpinion, ...] = ()
    demanded: int = 0
    returns: int = 0
    waiting: Text | None = None
    account: tuple[ConditionAccount, ...] = ()
    outcome: ReviewOutcome | None = None

    @property
    def runs(self) -> bool:
        """Whether opinions are asked for."""
        return self.round > 0 and self.outcome is None

    @property
    def parties(self) -> tuple[Party, ...]:
        """All of the chain, in its order."""
        return tuple(party for step in self.steps for party in step.parties)

    def said(self, party: str) -> Opinion | None:
        """The opinion of a party that counts."""
        return next((opinion for opinion in self.opinions if opinion.party == party), None)

    def asked_besides(self, party: str) -> bool:
        """Whether a party was asked for by somebody, rather than by the rules."""
        return any(one.key == party and one.extra for one in self.parties)

    def step_of(self, party: str) -> int:
        """Where in the chain a party is; raises StopIteration for one that is not."""
        return next(number for number, step in enumerate(self.steps) if any(one.key == party for one in step.parties))

    def done(self, step: ReviewStep) -> bool:
        """Whether a step needs no further opinion."""
        given = [self.said(party.key) is not None for party in step.parties]
        return any(given) if step.rule == "any_of" else all(given)

    @property
    def present(self) -> int | None:
        """The first step that needs an opinion; None when none does."""
        return next((number for number, step in enumerate(self.steps) if not self.done(step)), None)

    @property
    def turn(self) -> tuple[Party, ...]:
        """Whose opinion is asked for now."""
        if not self.runs or self.present is None:
            return ()
        step = self.steps[self.present]
        open_ = tuple(party for party in step.parties if self.said(party.key) is None)
        return open_[:1] if step.rule == "in_turn" else open_

    @property
    def verdict(self) -> ReviewOutcome | None:
        """What the opinions come to: one rejection decides; else all steps must be done, and there must be one."""
        if any(opinion.opinion == "reject" for opinion in self.opinions):
            return "rejected"
        if not self.opinions or self.present is not None:
            return None
        changes = any(opinion.opinion == "approve_with_changes" for opinion in self.opinions)
        return "approved_with_changes" if changes else "approved"


def asked_people(review: Review | None, seats: Sequence[Seat]) -> tuple[str, ...]:
    """Who has the seats of the parties whose turn it is, each once."""
    turn = {party.key for party in review.turn} if review else set()
    return tuple(dict.fromkeys(seat.person for seat in seats if place_of(seat) in turn))


def newly_asked(before: Review | None, after: Review, seats: Sequence[Seat]) -> tuple[str, ...]:
    """Whose turn it is in `after` and was not in `before`."""
    already = asked_people(before, seats)
    return tuple(person for person in asked_people(after, seats) if person not in already)


def lacking(steps: Sequence[ReviewStep], seats: Sequence[Seat]) -> tuple[Party, ...]:
    """The parties whose seat nobody has."""
    held = {place_of(seat) for seat in seats}
    return tuple(party for step in steps for party in step.parties if party.key not in held)
