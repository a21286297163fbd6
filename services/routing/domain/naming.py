"""The record of a choice that no ranking made: a person named who has a seat, or somebody stands in for whoever is away. Pure."""

from services.routing.domain.seating import Seating
from shared.catalogue import SupporterRole
from shared.schemas.model import Text
from shared.schemas.routing import POLICY, DecisionRecord, Seat, Step


def named_by(
    by: str, reason: str, seats: Seating, step: Step, wanted: SupporterRole, person: str
) -> tuple[Seat, DecisionRecord] | str:
    """The seat of `person`, whom `by` named for it, and its record; or the first filter that removes them."""
    found = seats.placed(step, wanted, person)
    if isinstance(found, str):
        return found
    seat, record = found
    zh, en = (seats.pack.role_name(wanted.role, locale) for locale in ("zh", "en"))
    said = Text(
        zh=f"{by} 指定 {person} 承担{zh}，未经排名；原因：{reason}",
        en=f"{by} named {person} as {en}, without a ranking; the reason: {reason}",
    )
    return seat, record.model_copy(update={"chosen_by": by, "explanation": said})


def stood_in(holder: str, seats: Seating, step: Step, wanted: SupporterRole, deputy: str) -> tuple[Seat, DecisionRecord] | None:
    """The seat of whoever stands in for `holder`, and its record; None where they may not have it."""
    found = seats.placed(step, wanted, deputy)
    if isinstance(found, str):
        return None
    seat, record = found
    zh, en = (seats.pack.role_name(wanted.role, locale) for locale in ("zh", "en"))
    said = Text(
        zh=f"{holder} 休假，由其代理人 {deputy} 承担{zh}，未经排名。",
        en=f"{holder} is away; {deputy}, who stands in, has it as {en}, without a ranking.",
    )
    candidates = tuple(one.model_copy(update={"stands_in_for": holder}) for one in record.candidates)
    update = {"chosen_by": POLICY, "explanation": said, "candidates": candidates}
    return seat.model_copy(update={"stands_in_for": holder}), record.model_copy(update=update)
