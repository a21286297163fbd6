"""The two bases of every contract model: closed for what we write, open for what others write."""

from typing import Any

from pydantic import BaseModel, ConfigDict

Json = dict[str, Any]
LEAST, MOST = -(2**63), 2**63 - 1
"""The integers that a stored value may be (BSON's)."""


class Frozen(BaseModel):
    """An immutable value. Unknown keys are ignored, so that an older reader accepts a newer writer's additions."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Text(Frozen):
    """A sentence for people, in both languages."""

    zh: str
    en: str

    def by_locale(self, locale: str) -> str:
        """The sentence in `locale`; anything but "en" reads Chinese, the policy's language."""
        return self.en if locale == "en" else self.zh
