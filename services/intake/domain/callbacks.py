"""What may become of a unit's subscription. Pure.

Invariant: a version of a subscription is never had twice, so that no secret comes back; what the address did is only said of the
address that did it.
"""

from datetime import datetime

from shared.ledger.messages import NOTHING, Decision, Refusal, Told
from shared.schemas.callbacks import Callback, Failing
from shared.schemas.intake import CallbackRecorded
from shared.schemas.model import Text

UNKNOWN_CALLBACK = Refusal(
    code="unknown_callback",
    status=404,
    message=Text(zh="您的经营单位没有这个回调；请先用 PUT 设置。", en="Your unit has no such callback; set it with PUT first."),
)
COMMANDS = frozenset({"set_callback", "turn_callback", "remove_callback", "callback_gone", "callback_failing", "callback_works"})


def subject_of(unit: str, identity: str) -> str:
    """The subject under which a subscription is recorded."""
    return f"callback:{unit}:{identity}"


def decide(known: Callback | None, told: Told, now: datetime) -> Decision:
    """Say the subscription if it differs from what is known. The answer to what makes a secret is {new: true}."""
    if told.name == "set_callback":
        return _say(known, _set(known, told, now), new=known is None or known.removed)
    if known is None or known.removed:
        return Decision(refusal=UNKNOWN_CALLBACK)
    match told.name:
        case "turn_callback":
            return _say(known, known.model_copy(update={"version": known.version + 1, "turned_at": now}), new=True)
        case "remove_callback":
            return _say(known, known.model_copy(update={"active": False, "ended": "removed", "failing": None}))
        case _ if told.data["url"] != known.url or not known.active:
            return NOTHING  # the unit has changed it meanwhile
        case "callback_gone":
            return _say(known, known.model_copy(update={"active": False, "ended": "gone", "failing": None}))
        case "callback_failing" if known.failing is None:
            failing = Failing(since=now, delivery=str(told.data["delivery"]))
            return _say(known, known.model_copy(update={"failing": failing}))
        case "callback_works":
            return _say(known, known.model_copy(update={"failing": None}))
        case _:
            return NOTHING


def _set(known: Callback | None, told: Told, now: datetime) -> Callback:
    """The subscription as its unit wishes it. One that was removed begins anew, with a secret that nobody ever had."""
    wish = told.data["callback"]
    active = bool(wish["active"])
    before = known or Callback(unit=wish["unit"], id=wish["id"], url=wish["url"], events=())
    again = known is not None and known.removed
    return before.model_copy(
        update={
            "url": wish["url"],
            "events": tuple(wish["events"]),
            "contact": wish["contact"],
            "active": active,
            "ended": "" if active else "paused",
            "version": before.version + 1 if again else before.version,
            "turned_at": None if again else before.turned_at or now,
            "failing": before.failing if active and wish["url"] == before.url else None,
        }
    )


def _say(known: Callback | None, callback: Callback, *, new: bool = False) -> Decision:
    return Decision(facts=(CallbackRecorded(callback=callback),), answer={"new": new}) if callback != known else NOTHING
