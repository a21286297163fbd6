"""Who stands in for somebody who is away or has left, and who may act for whom, by the directory. Pure."""

from datetime import datetime

from shared.schemas.people import Directory, Person


def stand_in(person: Person, directory: Directory, now: datetime) -> Person | None:
    """Who is there at `now` for `person`: themselves, or whoever stands in; None when nobody does."""
    return directory.stand_in(person, now)


def acts_for(by: str, holder: str, directory: Directory, now: datetime) -> bool:
    """Whether `by` may act as `holder`: as the same person, or as whoever stands in while the holder is away, or has left."""
    return by == holder or directory.stand_ins(now).get(holder) == by


def deserted(holder: str, directory: Directory, now: datetime) -> bool:
    """Whether nobody can act as `holder`: they are not there, and nobody stands in."""
    person = directory.people.get(holder)
    return person is None or stand_in(person, directory, now) is None
