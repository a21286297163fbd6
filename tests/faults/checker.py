"""Holds a history against what Backline promises. Pure: what it finds depends on the history alone."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from services.notify.rendering.view import reference_of
from shared.schemas.status import DELIVERED
from tests.faults import owners
from tests.faults.generator import Wish
from tests.faults.history import History, Json, Ledger, Taken, Told

HEARS = {
    "intake": ("routing", "documents", "notify"),
    "routing": ("intake",),
    "notify": ("intake", "routing", "documents"),
    "documents": ("intake", "routing"),
}
"""Who hears whom; said here once more, lest a topic that the product forgets be missed by nobody."""
FINAL = {"completed", "confirmed", "withdrawn"}
OPEN_ITEMS = {"planned", "leased", "data", "ended"}
NOTHING_SAID = Ledger()


@dataclass(kw_only=True)
class Findings:
    """Sentences, by the promise that was broken. `unknown` counts deliveries that are listed as in doubt: no breach."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    inversions: list[str] = field(default_factory=list)
    unlisted_doubtful: list[str] = field(default_factory=list)
    unknown: int = 0

    @property
    def sentences(self) -> list[str]:
        """All breaches."""
        return [*self.lost, *self.twice, *self.inversions, *self.unlisted_doubtful]


def check(history: History) -> Findings:
    """Every breach in `history`."""
    findings = Findings(lost=list(history.damaged), twice=[*history.overfull, *owners.at_once(history.handled)])
    findings.twice += [f"{one.channel} {one.delivery} was accepted, and nobody had planned it" for one in history.unplanned]
    for request in history.requests():
        ledgers = {service: history.ledgers.get(service, {}).get(request, NOTHING_SAID) for service in HEARS}
        findings.lost += _lost(request, ledgers)
        findings.lost += _commands_lost(request, history, ledgers)
        findings.lost += _untold(request, ledgers)
        findings.twice += _twice(request, ledgers)
        findings.inversions += _inversions(request, ledgers)
        _check_deliveries(request, history, ledgers["notify"], findings)
    return findings


def _lost(request: str, ledgers: Mapping[str, Ledger]) -> Iterator[str]:
    """Whatever is not where it must be by now."""
    for service, ledger in ledgers.items():
        if ledger.parked:
            yield f"{service} has parked {request}: {ledger.parked}"
        if ledger.early:
            yield f"{service} holds {ledger.early} events of {request} before their turn"
        if ledger.published != ledger.head:
            yield f"{service} said {ledger.head} events of {request}, {ledger.published} are known to be published"
        for source in HEARS[service]:
            said, heard = ledgers[source].head, ledger.heard.get(source, 0)
            if heard != said:
                yield f"{service} heard {heard} of the {said} events that {source} said of {request}"
        for item in ledger.items:
            if item["status"] in OPEN_ITEMS:
                yield f"{service} never ended {item['kind']} {item['id']} of {request} ({item['status']})"
    for service in ("intake", "routing"):
        status = ledgers[service].state.get("status")
        if status not in FINAL:
            yield f"{request} is not finished: {service} says {status}"
    if _status(ledgers["routing"]) != _status(ledgers["intake"]):
        yield f"routing says {request} is {_status(ledgers['routing'])}, intake says {_status(ledgers['intake'])}"
    if _status(ledgers["intake"]) in DELIVERED and not ledgers["documents"].state.get("made"):
        yield f"{request} is completed and has no document"


ACTS = {"submit": ("intake", "submitted"), "accept": ("routing", "work_accepted"), "complete": ("routing", "work_completed")}
ACTS |= {"opine": ("routing", "opinion_given")}
ACTS |= {"amend": ("intake", "amendment_requested"), "withdraw": ("intake", "withdrawal_requested")}


def _commands_lost(request: str, history: History, ledgers: Mapping[str, Ledger]) -> Iterator[str]:
    """An acknowledged command stands in its service's ledger."""
    for told in history.told:
        if told.request != request or told.action not in ACTS or told.outcome == "refused":
            continue
        service, fact = ACTS[told.action]
        said = [event for event in ledgers[service].events if event["type"].endswith(f".{fact}")]
        if told.action in {"accept", "opine"}:
            said = [event for event in said if told.by in {event["data"].get("by"), event["data"].get("on_behalf_of")}]
        if not said:
            yield f"{told.action} of {request} {told.by} was acknowledged, and {service} knows nothing of it"


NEWS = ("submitted", "coordinator_assigned", "supporters_assigned", "work_completed", "request_withdrawn")
"""What somebody always hears of by mail, whoever else does: whatever the policy of notify says, nobody may be left in the dark."""


def _untold(request: str, ledgers: Mapping[str, Ledger]) -> Iterator[str]:
    """Of every piece of news somebody is to be told by mail, of a seat whoever has it."""
    told: dict[str, set[str]] = defaultdict(set)
    for delivery in ledgers["notify"].state.get("deliveries", {}).values():
        if delivery["channel"] == "email":
            told[delivery["about"]].add(delivery["recipient"])
    for service in ("intake", "routing"):
        for event in ledgers[service].events:
            fact = event["type"].rsplit(".", 1)[1]
            if fact in NEWS and not told[event["id"]]:
                yield f"nobody was to be told that {request} was {fact}"
            for seat in event["data"]["seats"] if fact == "supporters_assigned" else ():
                if seat["person"] not in told[event["id"]]:
                    yield f"{seat['person']} was not to be told of the seat in {request}"


def unmet(asked: Iterable[Wish], told: Iterable[Told]) -> Iterator[str]:
    """Whoever sent a request was answered, and was told that it is accepted: all that is sent in a run is in order."""
    outcomes: dict[str, list[str]] = defaultdict(list)
    for one in told:
        if one.action == "submit":
            outcomes[one.request].append(one.outcome)
    for wish in asked:
        answers = outcomes[wish.request]
        if not answers:
            yield f"{wish.request} was never answered"
        elif "accepted" not in answers:
            yield f"{wish.request} is in order and was told: {', '.join(answers)}"


def unplanned(taken: Iterable[Taken], planned: Iterable[str]) -> list[Taken]:
    """What the sinks have that is none of the deliveries `planned`, by their ids."""
    known = {(channel, name) for identity in planned for channel, name in (("email", identity), ("chat", reference_of(identity)))}
    return [one for one in taken if (one.channel, one.delivery) not in known]


def _twice(request: str, ledgers: Mapping[str, Ledger]) -> Iterator[str]:
    """Effects in excess: an event, an assignment, a document."""
    for service, ledger in ledgers.items():
        numbers = [event["sequence"] for event in ledger.events]
        if numbers != list(range(1, ledger.head + 1)):
            yield f"{service} numbers its events of {request} {numbers}, its head is {ledger.head}"
        for before, event in zip(ledger.events, ledger.events[1:], strict=False):
            if event["previous"] != before["id"]:
                yield f"{service}'s event {event['sequence']} of {request} does not follow the one before it"
        yield from _repeated(f"{service}: item of {request}", (item["id"] for item in ledger.items))
    said = Counter(event["type"].rsplit(".", 1)[1] for service in ledgers for event in ledgers[service].events)
    again = said["work_declined"] + said["request_amended"]
    for fact, most in (
        ("submitted", 1),
        ("work_completed", 1),
        ("review_decided", 1),
        ("coordinator_assigned", 1 + again),
        ("supporters_assigned", 1 + again),
    ):
        if said[fact] > most:
            yield f"{request} was {fact} {said[fact]} times"
    accepted = [event["data"]["by"] for event in ledgers["routing"].events if event["type"].endswith(".work_accepted")]
    yield from _repeated(f"work on {request} accepted by", accepted)
    made = [(one["kind"], one["media_type"], one["version"]) for one in ledgers["documents"].state.get("made", ())]
    yield from _repeated(f"document of {request}", made)
    planned = ledgers["notify"].state.get("deliveries", {}).values()
    yield from _repeated(
        f"delivery about {request}", ((one["channel"], one["recipient"], one["template"], one["about"]) for one in planned)
    )


def _repeated(what: str, values: Iterable[object]) -> Iterator[str]:
    for value, count in Counter(values).items():
        if count > 1:
            yield f"{what}: {value}, {count} times"


def _inversions(request: str, ledgers: Mapping[str, Ledger]) -> Iterator[str]:
    """In intake's timeline, which holds what everybody said, nothing stands before what it rests on; nor does any answer."""
    events = {(event["source"], event["sequence"]): event for ledger in ledgers.values() for event in ledger.events}
    seen: Counter[str] = Counter()
    for moment in ledgers["intake"].state.get("timeline", ()):
        source, sequence = moment["source"], moment["sequence"]
        if sequence != seen[source] + 1:
            yield f"intake's timeline of {request} has {source} {sequence} after {source} {seen[source]}"
        event = events.get((source, sequence))
        for other, number in (event["after"] if event else {}).items():
            if seen[other] < number:
                yield f"intake's timeline of {request} has {source} {sequence} before {other} {number}, on which it rests"
        seen[source] = sequence
    by_id = {event["id"]: event for event in events.values()}
    for event in events.values():
        cause = by_id.get(event["causationid"] or "")
        if cause and cause["source"] != event["source"] and event["after"].get(cause["source"], 0) < cause["sequence"]:
            yield f"{event['source']} {event['sequence']} of {request} answers {cause['source']} {cause['sequence']} before hearing it"


def _check_deliveries(request: str, history: History, notify: Ledger, findings: Findings) -> None:
    """Once each: planned, taken by the sink, said to be sent; anything else is lost, twice, or a doubt that must be listed."""
    doubts = Counter(
        event["data"]["delivery"]["id"] for event in notify.events if event["type"].endswith(".notification_unknown")
    )
    for identity, delivery in notify.state.get("deliveries", {}).items():
        taken = [one for one in history.taken if _is(one, identity, delivery)]
        status, what = delivery["status"], f"{delivery['channel']} {identity} about {request}"
        if len(taken) > 1 + doubts[identity]:
            findings.twice.append(f"{what} was accepted {len(taken)} times with {doubts[identity]} listed doubts between")
        if status == "sent" and not taken:
            findings.lost.append(f"{what} is said to be sent and never arrived")
        if status in {"failed", "planned"}:
            findings.lost.append(f"{what} ended as {status}: {delivery.get('problem')}")
            if taken:
                findings.unlisted_doubtful.append(f"{what} is {status}, and the sink has it")
        if any(not one.said for one in taken) and status != "sent" and not doubts[identity]:
            findings.unlisted_doubtful.append(f"{what} was taken without a word and is not listed as in doubt")
        findings.unknown += status == "unknown"


def _is(taken: Taken, identity: str, delivery: Json) -> bool:
    """A chat text names its delivery by the beginning alone."""
    named = reference_of(identity) if delivery["channel"] == "chat" else identity
    return (taken.channel, taken.delivery) == (delivery["channel"], named)


def _status(ledger: Ledger) -> object:
    return ledger.state.get("status")
