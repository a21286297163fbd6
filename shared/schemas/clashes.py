"""What routing says when two units pursue the same: that there is a clash and whom to call, and nothing else of the other's."""

from typing import Literal

from pydantic import Field

from shared.schemas.model import Frozen

ClashKind = Literal["tender", "customer"]
Resolution = Literal["keep_both", "merged", "withdrawn", "ended"]
"""What people decided; `ended`: one of the two was withdrawn, changed or confirmed, so that there is nothing left to decide."""


class ClashFound(Frozen):
    """Unit `other_unit` has a request for the same tender, or for the same customer and need. `call` are people of it to speak to.

    `clash` is the same on both sides and says nothing: a keyed digest.
    """

    clash: str
    kind: ClashKind
    other_unit: str
    call: tuple[str, ...] = Field(default=(), description="ids of people; who leads the unit, or else receives its requests")


class ClashResolved(Frozen):
    """People of either side decided (`by`), or it ended by itself. The reason is said on the side alone on which it was given."""

    clash: str
    kind: ClashKind
    other_unit: str
    resolution: Resolution
    by: str = Field(
        description="who decided: a person's id on their own side, the unit's code on the other; policy when it ended"
    )
    reason: str = ""
    on_behalf_of: str | None = None
