"""Checks that a pack makes sense as a whole: every name one part uses is defined by another, and no name means two things."""

from collections.abc import Iterable, Iterator, Mapping

from shared.catalogue.naming import PARTS
from shared.catalogue.pack import Field, Labelled, Pack, Precondition, RequestType, fold
from shared.schemas.requests import Request

HEAD = "pack.yaml"
CHOOSING = {"choice", "choices"}
HOLDING = {"record", "lines"}
FACTS = {"stage"}


class PackError(Exception):
    """A pack cannot be used; the message names file, key and remedy."""


def check(pack: Pack) -> None:
    """Raise PackError for the first thing in `pack` that contradicts another."""
    _check_head(pack)
    for name, precondition in pack.preconditions.items():
        _check_precondition(pack, name, precondition)
    for kind in pack.types.values():
        _check_type(pack, kind)
        for path, spec in _all_fields(kind.fields, kind.key):
            _check_field(path, spec)
    _check_type_names(pack.types)


def _check_head(pack: Pack) -> None:
    if not all(part.isdecimal() for part in pack.version.split(".")):
        raise PackError(f"{pack.name}: version {pack.version} must be numbers with dots between, such as 1.2.0.")
    _refuse(
        f"{HEAD}: roles", {*pack.may_submit, *pack.pool_coordinator.values(), *pack.seats.by_role} - pack.roles.keys(), "roles"
    )


def _check_precondition(pack: Pack, name: str, precondition: Precondition) -> None:
    if unknown := {*(precondition.evidence or ())} - {*pack.evidence_kinds}:
        raise PackError(f"{HEAD}: precondition {name}: evidence {sorted(unknown)} is not among evidence_kinds.")
    if precondition.proof and precondition.proof.request not in pack.types:
        raise PackError(f"{HEAD}: precondition {name}: there is no type {precondition.proof.request} to prove it.")
    if (precondition.mode == "waivable") != bool(precondition.waived_by):
        raise PackError(f"{HEAD}: precondition {name}: mode waivable and waived_by (roles) go together; give both or neither.")
    _refuse(f"{HEAD}: precondition {name}: waived_by", {*precondition.waived_by} - pack.roles.keys(), "roles")
    if precondition.within_hours and precondition.mode != "later":
        raise PackError(f"{HEAD}: precondition {name}: within_hours needs mode later; what is owed is not wanted at once.")
    if precondition.escalate_hours and not precondition.within_hours:
        raise PackError(f"{HEAD}: precondition {name}: escalate_hours needs within_hours, the time before it is asked for.")


def _check_type(pack: Pack, kind: RequestType) -> None:
    _refuse(
        f"{kind.key}: preconditions",
        {name for condition in kind.preconditions for name in condition.any_of} - pack.preconditions.keys(),
    )
    _refuse(f"{kind.key}: roles", {kind.coordinator, *(seat.role for seat in kind.supporters)} - pack.roles.keys())
    departments = {seat.department for seat in kind.supporters if seat.department}
    _refuse(f"{kind.key}: departments", departments - pack.departments.keys(), "departments")
    if pack.skills:
        _refuse(f"{kind.key}: skills", {skill for seat in kind.supporters for skill in seat.skills} - pack.skills.keys())
    if kind.form not in pack.forms:
        raise PackError(f"{kind.key}: form {kind.form} is not defined in {HEAD}.")
    if kind.output.formats and kind.output.formats not in kind.fields:
        raise PackError(f"{kind.key}: output.formats names the field {kind.output.formats}, which the type does not have.")
    if unknown := kind.later_without.keys() - pack.preconditions.keys():
        raise PackError(f"{kind.key}: later_without names {sorted(unknown)}, which {HEAD} does not define.")
    _refuse_fields(
        f"{kind.key}: later_without", {field for each in kind.later_without.values() for field in each} - kind.fields.keys()
    )
    _refuse_fields(f"{kind.key}: articles", kind.articles.keys() - kind.fields.keys() - {"details", "preconditions"})
    asked = {key for condition in kind.preconditions for key in (*condition.only, *condition.unless)}
    asked |= {key for seat in kind.supporters for key in seat.only}
    _refuse_fields(f"{kind.key}: only or unless", asked - kind.fields.keys() - FACTS)


def _check_field(path: str, spec: Field) -> None:
    if (spec.type in CHOOSING) != bool(spec.choices):
        raise PackError(f"{path}: a field of type choice or choices needs choices, any other must have none.")
    if (spec.type in HOLDING) != bool(spec.fields):
        raise PackError(f"{path}: a field of type record or lines needs fields, any other must have none.")
    if isinstance(spec.total, tuple):
        _refuse_fields(f"{path}: total", set(spec.total) - spec.fields.keys())
    if spec.same_as and spec.same_as.split(".")[0] not in Request.model_fields:
        raise PackError(f"{path}: same_as names {spec.same_as}, which a request does not have.")
    if spec.request_of and (spec.type != "record" or spec.fields.keys() != set(PARTS)):
        raise PackError(f"{path}: a field that names a request is a record of {', '.join(PARTS)}.")
    _check_names(path, spec.choices)


def _check_type_names(types: Mapping[str, RequestType]) -> None:
    names: dict[str, str] = {}
    for kind in types.values():
        for name in {fold(name) for name in (kind.key, kind.label.zh, kind.label.en, *kind.aliases)}:
            if name in names:
                raise PackError(f"{names[name]} and {kind.key} are both called {name}; rename one.")
            names[name] = kind.key


def _check_names(path: str, choices: Mapping[str, Labelled]) -> None:
    names: dict[str, str] = {}
    for key, choice in choices.items():
        for name in {fold(name) for name in (key, choice.zh, choice.en, *choice.aliases)}:
            if name in names:
                raise PackError(f"{path}: the choices {names[name]} and {key} are both called {name}; rename one.")
            names[name] = key


def _all_fields(fields: Mapping[str, Field], path: str) -> Iterator[tuple[str, Field]]:
    for key, spec in fields.items():
        yield f"{path}.{key}", spec
        yield from _all_fields(spec.fields, f"{path}.{key}")


def _refuse(where: str, unknown: Iterable[str], under: str = "") -> None:
    if unknown := sorted(unknown):
        place = f" under {under}" if under else f" in {HEAD}"
        raise PackError(f"{where} {unknown} are not defined{place}.")


def _refuse_fields(where: str, unknown: Iterable[str]) -> None:
    if unknown := sorted(unknown):
        raise PackError(f"{where} names the fields {unknown}, which the type does not have.")
