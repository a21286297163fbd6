"""Who may waive a precondition: a person of a role that the policy names, of the request's unit or of headquarters. Pure."""

from typing import Literal

from shared.catalogue.pack import Pack, Precondition
from shared.schemas.people import Directory

Fault = Literal["not_a_person", "role_may_not_waive", "another_unit", "own_request"]


def waiving_role(
    pack: Pack, precondition: Precondition, directory: Directory, *, person: str, unit: str, requester: str
) -> tuple[str | None, Fault | None]:
    """(the role in which `person` may waive, None), or (None, why not)."""
    known = directory.people.get(person)
    if known is None or not known.active:
        return None, "not_a_person"
    role = next((role for role in precondition.waived_by if role in known.roles), None)
    if role is None:
        return None, "role_may_not_waive"
    if known.business_unit not in {unit, pack.pool}:
        return None, "another_unit"
    if person == requester and not precondition.own_waiver:
        return None, "own_request"
    return role, None
