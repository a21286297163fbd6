"""What routing says of a review, one fact of each kind, and whom notify then tells."""

from datetime import UTC, datetime

from pydantic import BaseModel

from shared.schemas import reviews
from shared.schemas.model import Text

NOW = datetime(2027, 3, 1, 1, 0, tzinfo=UTC)
PARTY = reviews.Party(key="bu_leader", role="bu_leader", name=Text(zh="领导", en="Leader"))
STEPS = (reviews.ReviewStep(key="unit", name=Text(zh="单位", en="Unit"), rule="all", parties=(PARTY,)),)
SAID: dict[str, tuple[BaseModel, set[str]]] = {
    "review_opened": (reviews.ReviewOpened(round=1, steps=STEPS, amount=1, asked=("anna",)), set()),
    "review_waiting": (
        reviews.ReviewWaiting(cause="nobody_named", reason=Text(zh="没有人。", en="Nobody.")),
        {"email:boss"},
    ),
    "opinion_given": (
        reviews.OpinionGiven(by="anna", party="p", opinion="approve", text="好", version=1, at=NOW, asked=("ben",)),
        {"email:ben"},
    ),
    "review_returned": (
        reviews.ReviewReturned(by="ben", step="unit", reason="数字不符", again=("p",), asked=("anna",)),
        {"email:anna", "email:boss"},
    ),
    "reviewer_added": (
        reviews.ReviewerAdded(
            by="ben", person="anna", party="p", place="before", beside="q", reason="指标", steps=STEPS, asked=("anna",)
        ),
        {"email:anna", "email:boss"},
    ),
    "review_amended": (
        reviews.ReviewAmended(
            version=2, amount=1, steps=STEPS, changed=("details.x",), again=("p",), account=(), asked=("anna",)
        ),
        set(),
    ),
    "review_decided": (reviews.ReviewDecided(by="ben", round=1, outcome="approved", opinions=()), {"email:anna"}),
}
