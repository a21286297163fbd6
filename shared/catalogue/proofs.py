"""Weighs what a request offers as evidence against each precondition of the policy. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from shared.catalogue.pack import Condition, Pack, Precondition
from shared.catalogue.storable import unstorable
from shared.schemas.intake import PreconditionWaived
from shared.schemas.model import Json, Text
from shared.schemas.requests import Evidence, PreconditionVerdict
from shared.schemas.status import DELIVERED

Reference = tuple[str, str, str]
WAIVER = "waiver"
KINDS = {
    "attachment": Text(zh="附件", en="an attachment"),
    "attestation": Text(zh="书面说明", en="a written statement"),
    "crm_reference": Text(zh="CRM 记录编号", en="the number of a CRM record"),
    "earlier_request": Text(zh="此前的申请", en="an earlier request"),
    "tender_number": Text(zh="招标编号", en="a tender number"),
}
"""What people call the kinds of evidence; one that only a pack knows is called by its key."""


@dataclass(frozen=True, kw_only=True)
class EarlierRequest:
    """What became of an earlier request, which `filed_by`'s unit may have filed for another, and who asked for it."""

    type: str
    opportunity_id: str | None
    status: str
    filed_by: str = ""
    requester: str = ""


@dataclass(frozen=True, kw_only=True)
class Known:
    """What evidence is weighed against: the opportunity of the message, earlier requests, and who waived which precondition."""

    opportunity: object
    earlier: Mapping[Reference, EarlierRequest]
    waived: Mapping[str, PreconditionWaived] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Offered:
    """The evidence and attachments of one message, as far as they can be read."""

    pieces: tuple[Evidence, ...]
    files: tuple[Json, ...]

    @classmethod
    def read(cls, body: Mapping[str, object]) -> "Offered":
        """What `body` offers."""
        pieces = tuple(Evidence.model_validate(piece) for piece in cls.evidence(body))
        return cls(pieces=pieces, files=tuple(cls.attachments(body)))

    @staticmethod
    def evidence(body: Mapping[str, object]) -> list[Json]:
        """The readable pieces of evidence."""
        pieces = body.get("evidence")
        keys = ("precondition", "kind")
        return [
            {"precondition": piece["precondition"], "kind": piece["kind"], "value": piece["value"]}
            for piece in (pieces if isinstance(pieces, list) else ())
            if isinstance(piece, dict)
            and all(isinstance(piece.get(key), str) for key in keys)
            and isinstance(piece.get("value"), str | dict)
        ]

    @staticmethod
    def attachments(body: Mapping[str, object]) -> list[Json]:
        """The readable attachments."""
        files = body.get("attachments")
        return [
            {
                "name": file["name"],
                "media_type": str(file.get("media_type") or "application/octet-stream"),
                "size": file["size"] if isinstance(file.get("size"), int) else 0,
                "sha256": str(file.get("sha256") or "").lower(),
            }
            for file in (files if isinstance(files, list) else ())
            if isinstance(file, dict) and isinstance(file.get("name"), str)
        ]

    def storable(self) -> "Offered":
        """Without the pieces that no verdict could carry."""
        pieces = tuple(piece for piece in self.pieces if not unstorable(piece.model_dump()))
        return Offered(pieces=pieces, files=self.files)

    def names(self) -> frozenset[str]:
        """The names of the attached files."""
        return frozenset(file["name"] for file in self.files)

    def references(self) -> set[Reference]:
        """The earlier requests named."""
        return {reference for piece in self.pieces if (reference := _reference(piece)) is not None}


def _reference(piece: Evidence) -> Reference | None:
    value = piece.value
    if piece.kind != "earlier_request" or not isinstance(value, dict):
        return None
    unit, system, reference = (value.get(key) for key in ("business_unit", "system", "reference"))
    if isinstance(unit, str) and isinstance(system, str) and isinstance(reference, str):
        return unit, system, reference
    return None


def weigh(pack: Pack, condition: Condition, offered: Offered, known: Known) -> PreconditionVerdict:
    """The verdict on one condition: met by the first piece of evidence that counts, else waived, else missing or later by its mode."""
    wanted = [pack.preconditions[name] for name in condition.any_of]
    label = Text(zh="或".join(each.zh for each in wanted), en=" or ".join(each.en for each in wanted))
    pieces = [
        (piece, pack.preconditions[name]) for name in condition.any_of for piece in offered.pieces if piece.precondition == name
    ]
    for piece, precondition in pieces:
        if _counts(piece, precondition, pack, offered, known):
            return PreconditionVerdict(any_of=condition.any_of, state="met", met_by=piece, label=label)
    for name, precondition in zip(condition.any_of, wanted, strict=True):
        if precondition.mode == "waivable" and (waived := known.waived.get(name)) is not None:
            piece = Evidence(precondition=name, kind=WAIVER, value=waived.by)
            message = _waived(waived, pack)
            return PreconditionVerdict(any_of=condition.any_of, state="waived", met_by=piece, label=label, message=message)
    state: Literal["later", "missing"] = "later" if {each.mode for each in wanted} == {"later"} else "missing"
    message = _remedy(label, offered, condition, pack, known.earlier)
    return PreconditionVerdict(any_of=condition.any_of, state=state, label=label, message=message)


def _counts(piece: Evidence, precondition: Precondition, pack: Pack, offered: Offered, known: Known) -> bool:
    if piece.kind not in (precondition.evidence or pack.evidence_kinds):
        return False
    match piece.kind:
        case "attachment":
            return piece.value in offered.names()
        case "earlier_request":
            reference = _reference(piece)
            found = known.earlier.get(reference) if reference else None
            wanted = precondition.proof
            return (
                found is not None
                and found.opportunity_id == known.opportunity
                and _reached(found.status, wanted.status if wanted else "completed")
                and (wanted is None or found.type == wanted.request)
            )
        case _:
            return isinstance(piece.value, str) and bool(piece.value.strip())


def _waived(waived: PreconditionWaived, pack: Pack) -> Text:
    zh = f"经{pack.role_name(waived.role, 'zh')}（{waived.by}）同意豁免。"
    return Text(zh=zh, en=f"Waived by {pack.role_name(waived.role, 'en')} ({waived.by}).")


def _remedy(label: Text, offered: Offered, condition: Condition, pack: Pack, earlier: Mapping[Reference, EarlierRequest]) -> Text:
    keys = sorted({kind for name in condition.any_of for kind in pack.preconditions[name].evidence or pack.evidence_kinds})
    kinds = [KINDS.get(key, Text(zh=key, en=key)) for key in keys]
    named = [" / ".join(reference) for reference in sorted(offered.references()) if _open(earlier.get(reference))]
    zh = f"前提条件“{label.zh}”尚无有效证明；请提供证明（{'、'.join(kind.zh for kind in kinds)}均可）。"
    en = f"The precondition “{label.en}” is not proved; offer evidence: {' or '.join(kind.en for kind in kinds)}."
    if named:
        zh += f"所引用的申请须属同一商机且已完成：{'；'.join(named)}。"
        en += f" The request referred to must be of the same opportunity and completed: {'; '.join(named)}."
    if roles := list(dict.fromkeys(role for name in condition.any_of for role in pack.preconditions[name].waived_by)):
        zh += f"也可由{'或'.join(pack.role_name(role, 'zh') for role in roles)}本人说明理由予以豁免；在申请中写明已豁免不算数。"
        en += f" It may also be waived, with a reason, by {' or '.join(pack.role_name(role, 'en') for role in roles)}"
        en += " in person; that the request says so does not count."
    return Text(zh=zh, en=en)


def _open(earlier: EarlierRequest | None) -> bool:
    return earlier is None or not _reached(earlier.status, "completed")


def _reached(status: str, wanted: str) -> bool:
    """Whether an earlier request is as far as a proof asks: what the requester confirmed is completed too."""
    return status == wanted or (wanted in DELIVERED and status in DELIVERED)
