"""From a letter to the body of a submission: what its lines say, each in its place; what was not understood is named. Pure."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.intake.mail.kinds import kind_of
from services.intake.mail.letter import Letter
from services.intake.mail.lines import Entry, entries
from shared.catalogue import Pack, RequestType
from shared.catalogue.handwriting import read_evidence, read_moment, read_value
from shared.catalogue.labels import TYPE_LABELS, Place, bare_label, fold_label, labels_of
from shared.schemas.model import Json
from shared.schemas.people import Directory, Person

MAIL_SYSTEM = "mail"
UNREAD = "not_understood"
MOST_UNREAD = 40
LONGEST_UNREAD = 500
WITHDRAWING = frozenset(
    map(fold_label, ("撤回", "撤回原因", "撤回申请", "取消申请", "Withdraw", "Withdrawal", "Reason for withdrawal"))
)
UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


@dataclass
class Understood:
    """`said` is the body as far as the lines say it, `evidence` what they offer, `unread` what no field is called.

    `post`, `unit` are as written; `withdrawal` is the reason when the mail takes its request back.
    """

    kind: RequestType | None
    type: str | None
    said: Json = field(default_factory=dict)
    evidence: list[Json] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    withdrawal: str | None = None

    def text_at(self, *path: str) -> str | None:
        """What was said at `path`, if it is a text."""
        value: Any = self.said
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        return value if isinstance(value, str) and value.strip() else None


def understand(
    letter: Letter, pack: Pack, *, recipients: Iterable[str] = (), kind: RequestType | None = None, before: Iterable[str] = ()
) -> Understood:
    """What `letter` says. `kind` is the type of the request that it answers, `before` what that could not be read without one.

    A type that the letter itself names comes first. Words that were passed on count only where the writer's own say nothing.
    """
    label = _type_line(letter.text) or (None if kind else _type_line(letter.forwarded))
    found, named = (
        (kind, None)
        if kind and not label
        else kind_of(pack, line=label, recipients=(*recipients, *letter.recipients), subject=letter.subject)
    )
    places = labels_of(pack, found)
    told = entries(letter.text, lambda text: _known(text, places))
    if not any(entry.known for entry in told) and kind is None:
        told += entries(letter.forwarded, lambda text: _known(text, places))
    understood = Understood(kind=found, type=named)
    names = [file.name for file in letter.files]
    readable = kind is None and found is not None
    earlier = entries("\n\n".join(before), lambda text: _known(text, places)) if readable else []
    for entry in (*told, *earlier):
        _take(understood, entry, places, names)
    if not readable:
        understood.unread = list(dict.fromkeys([*before, *understood.unread]))[:MOST_UNREAD]
    return understood


def body_of(understood: Understood, letter: Letter, sender: Person, pack: Pack, directory: Directory) -> Json:
    """A submission: what was said, asked for by `sender`, for the unit the letter names or theirs."""
    if understood.text_at("requester", "id") not in {None, sender.id} or understood.text_at("requester", "name") not in {
        None,
        sender.name,
    }:
        understood.unread.append("申请人 / Requester")
    said = {key: value for key, value in understood.said.items() if key not in {"requester", "source", "type", "business_unit"}}
    _in_the_senders_zone(said, understood.kind, sender)
    body: Json = {
        **said,
        **({"type": understood.type} if understood.type else {}),
        "business_unit": _unit(understood.text_at("business_unit"), sender, directory),
        "requester": {"id": sender.id, "role": _post(understood.text_at("requester", "role"), sender, pack)},
        "source": _source(understood, letter),
    }
    body.setdefault("locale", sender.locale)
    return body | _offers(understood, letter, {})


def patch_of(understood: Understood, letter: Letter, current: Json, sender: Person, pack: Pack) -> Json:
    """An amendment of a request whose body is `current`: only what the letter names; evidence and files are added."""
    post = understood.text_at("requester", "role")
    kept = {"requester", "source", "business_unit", "type"}
    patch = {key: value for key, value in understood.said.items() if key not in kept}
    patch |= {"type": understood.type} if understood.type else {}
    patch |= {"requester": {"role": _post(post, sender, pack)}} if post else {}
    return patch | _offers(understood, letter, current)


def unread_in(body: Json) -> list[str]:
    """The lines of an earlier mail that could not be read."""
    extra = body.get("extra")
    lines = extra.get(UNREAD) if isinstance(extra, dict) else None
    return [line for line in lines if isinstance(line, str)] if isinstance(lines, list) else []


def _take(understood: Understood, entry: Entry, places: Mapping[str, Place], files: Collection[str]) -> None:
    folded = fold_label(entry.label)
    place = places.get(folded) or places.get(bare_label(entry.label))
    if folded in WITHDRAWING:
        understood.withdrawal = understood.withdrawal or entry.value or None
    elif place is None:
        _leave(understood, entry)
    elif place.path[0] == "evidence":
        offered = {piece["precondition"] for piece in understood.evidence}
        piece = read_evidence(place.path[1], entry.value, files) if entry.value else None
        if piece and piece["precondition"] not in offered:
            understood.evidence.append(piece)
    elif place.path != ("type",) and entry.value:
        value = _value(place, entry.value)
        if value is None or not _put(understood.said, place.path, value):
            _leave(understood, entry)


def _leave(understood: Understood, entry: Entry) -> None:
    """Of a request whose type is known, and which will be said, only the label: nobody can tell what the value holds."""
    whole = entry.label if understood.kind else f"{entry.label}：{entry.value}"
    line = UNSAFE.sub("�", whole)[:LONGEST_UNREAD]
    if len(understood.unread) < MOST_UNREAD and line not in understood.unread:
        understood.unread.append(line)


def _value(place: Place, text: str) -> object:
    if place.part in {"start", "end"}:
        return {place.part: read_moment(text) or text}
    return {place.part: text} if place.part else read_value(text, place.spec)


def _put(body: Json, path: tuple[str, ...], value: object) -> bool:
    """Set `value` where nothing is yet; records grow together. Whether it found its place."""
    *way, last = path
    for part in way:
        body = body.setdefault(part, {})
        if not isinstance(body, dict):
            return False
    before = body.get(last)
    if isinstance(before, dict) and isinstance(value, dict):
        if before.keys() & value.keys():
            return False
        before.update(value)
        return True
    if last in body:
        return bool(before == value)
    body[last] = value
    return True


def _known(label: str, places: Mapping[str, Place]) -> bool:
    folded = fold_label(label)
    return folded in places or bare_label(label) in places or folded in WITHDRAWING


def _type_line(text: str) -> str | None:
    found = (entry for entry in entries(text, lambda label: bare_label(label) in TYPE_LABELS) if entry.known)
    return next((entry.lines[0].strip() for entry in found if entry.lines and entry.lines[0].strip()), None)


def _in_the_senders_zone(said: Json, kind: RequestType | None, sender: Person) -> None:
    details = said.get("details")
    for key, spec in (kind.fields if kind else {}).items():
        window = details.get(key) if isinstance(details, dict) else None
        if spec.type == "window" and isinstance(window, dict) and "start" in window:
            window.setdefault("time_zone", sender.time_zone)


def _unit(named: str | None, sender: Person, directory: Directory) -> str:
    """The code of the unit that the letter names by its code or either name; one nobody knows is for the validator to refuse."""
    if named is None:
        return sender.business_unit
    wanted = fold_label(named)
    names = ((code, (code, unit.name.zh, unit.name.en)) for code, unit in directory.units.items())
    return next((code for code, called in names if wanted in map(fold_label, called)), named)


def _post(named: str | None, sender: Person, pack: Pack) -> str:
    """The post that the letter names, else the first of the sender's that may submit, else their first."""
    if named is not None:
        wanted = fold_label(named)
        called = ((key, (key, role.zh, role.en, *role.aliases)) for key, role in pack.roles.items())
        return next((key for key, names in called if wanted in map(fold_label, names)), named)
    return next((role for role in sender.roles if role in pack.may_submit), next(iter(sender.roles), ""))


def _source(understood: Understood, letter: Letter) -> Json:
    system, reference = understood.text_at("source", "system"), understood.text_at("source", "reference")
    if system and reference:
        return {"system": system, "reference": reference}
    return {"system": MAIL_SYSTEM, "reference": letter.reference}


def _offers(understood: Understood, letter: Letter, current: Json) -> Json:
    """Evidence, files and what was not understood, beside those there are; a piece of evidence replaces one for the same."""
    new_names = {file.name for file in letter.files}
    proved = {piece["precondition"] for piece in understood.evidence}
    evidence = [piece for piece in _list(current, "evidence") if piece.get("precondition") not in proved]
    files = [file for file in _list(current, "attachments") if file.get("name") not in new_names]
    offers: Json = {}
    if understood.evidence:
        offers["evidence"] = [*evidence, *understood.evidence]
    if letter.files:
        offers["attachments"] = [*files, *(file.named() for file in letter.files)]
    if understood.unread or unread_in(current):
        extra = understood.said.get("extra")
        offers["extra"] = {**(extra if isinstance(extra, dict) else {}), UNREAD: understood.unread or None}
    return offers


def _list(body: Json, key: str) -> list[Json]:
    value = body.get(key)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
