"""What a unit may wish of a callback, and whether it is possible: the address, the contact, and how many there are."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from shared.callbacks.addresses import LONGEST, UnsafeAddressError
from shared.callbacks.guard import Guard
from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.people.copy import DirectoryCopy
from shared.schemas.callbacks import HAPPENINGS, Happening
from shared.schemas.model import Frozen, Text

MOST = 10
"""Subscriptions of a unit; two that are made in the same moment by two processes may pass it by one."""
OFF = Refusal(
    code="callbacks_off",
    status=503,
    message=Text(
        zh="本系统尚未启用回调；请系统管理员设置 BACKLINE_CALLBACK_SECRET。",
        en="Callbacks are not in use here; the system administrators must set BACKLINE_CALLBACK_SECRET.",
    ),
)
TOO_MANY = Refusal(
    code="too_many_callbacks",
    status=409,
    message=Text(
        zh=f"每个经营单位最多 {MOST} 个回调；请先删除一个。", en=f"A unit has at most {MOST} callbacks; remove one first."
    ),
)
BAD = Refusal(
    code="bad_callback",
    status=422,
    message=Text(zh="回调无法设置；见 errors。", en="The callback cannot be set; see `errors`."),
)
NO_CONTACT = Text(
    zh="contact 不是本经营单位的在职人员；请填写人员目录中的编号，或不填。",
    en="contact is nobody who works in the unit; give an id of the directory, or leave it out.",
)
NO_UNIT = Refusal(
    code="unknown_unit",
    status=422,
    message=Text(zh="人员目录中没有这个经营单位；请先导入。", en="The directory has no such unit; import it first."),
)


class Wish(Frozen):
    """A subscription as a unit wishes it. One that is not `active` is kept and sent nothing."""

    url: str = Field(min_length=1, max_length=LONGEST)
    events: Annotated[tuple[Happening, ...], Field(min_length=1, max_length=len(HAPPENINGS))]
    contact: str | None = Field(
        default=None, max_length=100, description="who is told when the address fails for long: a person's id"
    )
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Callbacks:
    """Judges wishes. `secret` is the master secret; without one there are no callbacks."""

    guard: Guard
    people: DirectoryCopy
    secret: bytes | None

    @property
    def master(self) -> bytes:
        """The master secret, to make a unit's from."""
        assert self.secret is not None, "ensure_on was asked first"
        return self.secret

    def ensure_on(self) -> None:
        """Raise Refused (503) where there are no callbacks."""
        if self.secret is None:
            raise Refused(OFF)

    async def ensure_possible(self, unit: str, identity: str, wish: Wish, locale: str) -> None:
        """Raise Refused unless the unit may have this subscription."""
        self.ensure_on()
        directory = self.people.directory
        if unit not in directory.units:
            raise Refused(NO_UNIT)
        others = [one for name, one in directory.callbacks.get(unit, {}).items() if name != identity and not one.removed]
        if len(others) >= MOST:
            raise Refused(TOO_MANY)
        person = directory.people.get(wish.contact) if wish.contact else None
        if wish.contact and (person is None or not person.active or person.business_unit != unit):
            raise Refused(BAD, [_at("/contact", "unknown_person", NO_CONTACT, locale)])
        try:
            await self.guard.check(wish.url, unit=unit)
        except UnsafeAddressError as error:
            raise Refused(BAD, [_at("/url", error.code, error.message, locale)]) from error


def _at(pointer: str, code: str, message: Text, locale: str) -> dict[str, object]:
    return {"pointer": pointer, "code": code, "detail": message.by_locale(locale), "message": message.model_dump()}
