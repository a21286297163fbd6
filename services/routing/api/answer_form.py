"""What a person sent with the form of a link to act, and the command's data that it means; by the same models as over the API.

Fields: `answer`, `seen` (the version the page showed), `text_<answer>` (a reason, a remark, or conditions, one a line), `rating`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from pydantic import ValidationError

from services.routing.api.commanding import Confirming, Reasoned
from services.routing.api.reviewing import Opining
from services.routing.domain.answering import OPINIONS, Answer
from shared.schemas.model import Json

FORM = "application/x-www-form-urlencoded"
MOST_FIELDS = 20
NEEDS_TEXT: Mapping[Answer, str] = {"reject": "no_reason", "decline": "no_reason", "reopen": "no_reason"}


class FormError(Exception):
    """The form cannot be taken; `why` is a key of the page's words."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, kw_only=True)
class Form:
    """The fields by name, as they were written; `broken` when what came is no form."""

    fields: Mapping[str, str] = field(default_factory=dict)
    broken: bool = False

    @classmethod
    def read(cls, media_type: str, body: bytes) -> "Form":
        """What a browser sent; what none sends is broken."""
        if media_type.partition(";")[0].strip().lower() != FORM:
            return cls(broken=True)
        try:
            pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
        except ValueError:
            return cls(broken=True)
        return cls(fields=dict(pairs))

    def answer(self, offers: tuple[Answer, ...]) -> Answer:
        """The answer that was chosen. Raises FormError when it is none of `offers`."""
        if self.broken:
            raise FormError("unreadable")
        chosen = next((offer for offer in offers if offer == self.fields.get("answer")), None)
        if chosen is None:
            raise FormError("no_answer")
        return chosen

    def text(self, answer: str) -> str:
        """What was written with `answer`, lines as \\n."""
        return self.fields.get(f"text_{answer}", "").replace("\r\n", "\n").strip()

    @property
    def rating(self) -> int | None:
        """The rating that was chosen; None without one."""
        given = self.fields.get("rating", "")
        return int(given) if given.isascii() and given.isdecimal() and len(given) == 1 else None

    def data(self, answer: Answer, version: int) -> Json:
        """What the command is told with; an opinion is on `version`. Raises FormError."""
        text = self.text(answer)
        if answer in NEEDS_TEXT and not text:
            raise FormError(NEEDS_TEXT[answer])
        try:
            return self._data(answer, text, version)
        except ValidationError as error:
            raise FormError("too_long") from error

    def _data(self, answer: Answer, text: str, version: int) -> Json:
        if answer in OPINIONS:
            wanted = [line.strip() for line in text.split("\n") if line.strip()] if answer == "approve_with_changes" else []
            if answer == "approve_with_changes" and not wanted:
                raise FormError("no_conditions")
            conditions = [{"text": line} for line in wanted]
            return Opining.model_validate(
                {"opinion": answer, "version": version, "text": "" if wanted else text, "conditions": conditions}
            ).model_dump()
        match answer:
            case "confirm":
                return Confirming(rating=self.rating, note=text).model_dump()
            case "accept":
                return {}
            case _:
                return Reasoned(reason=text).model_dump()
