"""Who stands in for somebody who is away or has left: the chain of delegates, followed until somebody is there. Pure."""

from datetime import datetime

from shared.schemas.people import Directory, Person


def stand_in(person: Person, directory: Directory, now: datetime) -> Person | None:
    """The first along the chain of delegates who is there at `now`; None when the chain breaks off or runs in a circle."""
    seen = {person.id}
    current: Person | None = person
    while current is not None and not current.there(now):
        delegate = current.delegate_on(current.day(now))
        if delegate is None or delegate in seen:
            return None
        seen.add(delegate)
        current = directory.people.get(delegate)
    return current


def acts_for(by: str, holder: str, directory: Directory, now: datetime) -> bool:
    """Whether `by` may act as `holder`: as the same person, or as whoever stands in while the holder is away, or has left."""
    if by == holder:
        return True
    person = directory.people.get(holder)
    if person is None or person.there(now):
        return False
    deputy = stand_in(person, directory, now)
    return deputy is not None and deputy.id == by


def deserted(holder: str, directory: Directory, now: datetime) -> bool:
    """Whether nobody can act as `holder`: they are not there, and nobody stands in."""
    person = directory.people.get(holder)
    return person is None or stand_in(person, directory, now) is None
