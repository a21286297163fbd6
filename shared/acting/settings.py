"""The secret of links to act, which notify makes and routing reads: both must have the same."""

from typing import Self

from pydantic import Field, model_validator

from shared.acting.links import Links
from shared.http.access import monotonous
from shared.service.settings import PREFIX, Settings

SHORTEST_SECRET = 32


class ActingSettings(Settings):
    """See Settings. Without a secret outside development no mail has such a link, and none opens anything."""

    act_secret: str | None = Field(
        default=None,
        repr=False,
        pattern=r"^[^,\s]{16,}(,[^,\s]{16,})*$",
        description="what links in mails are signed with by which people act; several with commas between: the first signs, all are "
        "known. In development one follows from the service token",
    )

    @property
    def act_secrets(self) -> tuple[str, ...]:
        """What links to act are signed with, the one to sign with first."""
        if self.act_secret:
            return tuple(self.act_secret.split(","))
        return (self.service_token,) if self.environment == "development" else ()

    @property
    def act_links(self) -> Links | None:
        """What makes and reads the tokens, or None where there are none."""
        return Links(self.act_secrets) if self.act_secrets else None

    @model_validator(mode="after")
    def _no_guessable_act_secret(self) -> Self:
        """Whoever guesses it acts as anybody."""
        weak = (one for one in self.act_secrets if len(one) < SHORTEST_SECRET or monotonous(one))
        if self.environment != "development" and any(weak):
            raise ValueError(
                f"{PREFIX}ACT_SECRET should be a random text of at least {SHORTEST_SECRET} characters: it signs the links by which "
                "people act"
            )
        return self
