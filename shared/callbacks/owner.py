"""Whose callbacks a caller means: its own unit's, or, for an operator, those of the unit that is named."""

from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.model import Text

UNITS_ONLY = Refusal(
    code="units_only",
    status=403,
    message=Text(
        zh="回调属于经营单位；请用经营单位的凭证，运维请用 unit 参数说明经营单位。",
        en="Callbacks are a unit's; use its token, or, as an operator, name the unit in `unit`.",
    ),
)


def unit_of(caller: Principal, unit: str | None) -> str:
    """The unit's code. Raises Refused (403)."""
    if caller.kind == "unit" and caller.business_unit and unit in {None, caller.business_unit}:
        return caller.business_unit
    if caller.kind == "service" and unit:
        return unit
    raise Refused(UNITS_ONLY)
