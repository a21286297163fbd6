"""The link by which whoever is asked for something answers a mail; none where no address or secret is set, or nothing is asked."""

from dataclasses import dataclass
from datetime import UTC, datetime

from services.notify.rendering.ours import Ours
from shared.acting.links import Asking, Links
from shared.ledger.messages import Item


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A link, what it is for, and until when (ISO 8601, UTC) it is good."""

    link: Ours
    purpose: str
    until: str


@dataclass(frozen=True, kw_only=True)
class Answering:
    """Where people's browsers find the page to answer on, and what makes the links to it.

    Invariant: the link follows from the item alone, so that a mail that is sent again says the same.
    """

    address: str | None = None
    links: Links | None = None

    def of(self, item: Item) -> Answer | None:
        """The answer that `item` asks its recipient for. Only a mail has one: a room of many is nobody's."""
        ask = item.data.get("ask")
        if ask is None or item.kind != "email" or self.address is None or self.links is None:
            return None
        token = self.links.token(Asking(request=item.subject, person=item.data["recipient"], **ask))
        until = datetime.fromtimestamp(ask["until"], UTC).isoformat()
        return Answer(link=Ours(f"{self.address}/act/{token}"), purpose=ask["purpose"], until=until) if token else None
