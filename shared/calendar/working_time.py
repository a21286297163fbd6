"""Reckons in working time: when so many working hours are over, and how many lie between two moments. Pure.

Invariant: a moment is worked when its wall clock lies in a window of its day, in the zone of the week; hours that a zone skips
are not worked, and hours that it repeats are worked twice.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.calendar.almanac import Almanac, Kind
from shared.calendar.windows import Week, Window
from shared.schemas.people import Leave

Span = tuple[datetime, datetime]
"""From, and up to but not at, two moments in UTC."""
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
NONE = timedelta(0)
FURTHEST = 3660
"""Days without any working time after which nothing more is looked for; nothing is counted over more days either."""
MOST_DAYS = 4000
"""Days of one working time that are remembered: more than are looked at in one go."""


class NoWorkingTimeError(Exception):
    """Nothing is worked for ten years on; the message says from when. Give the week hours, or end the leave."""


class WorkingTime:
    """One week's hours in one zone, with the almanac's days and somebody's leave (whole days, in the same zone)."""

    def __init__(self, *, week: Week, zone: str, almanac: Almanac, leave: Iterable[Leave] = ()) -> None:
        """Raises ZoneInfoNotFoundError for a zone nobody knows."""
        self._week = week
        self._zone = ZoneInfo(zone)
        self._almanac = almanac
        self._leave = tuple(leave)
        self._known: dict[date, tuple[Span, ...]] = {}

    def working(self, at: datetime) -> bool:
        """Whether `at` (aware) is worked."""
        return any(start <= at < end for start, end in self.spans(self._day(at)))

    def next_working(self, at: datetime) -> datetime:
        """`at` when it is worked, else when work begins again. Raises NoWorkingTimeError."""
        return next((max(start, at) for start, end in self._from(at) if end > at), at)

    def add(self, start: datetime, duration: timedelta) -> datetime:
        """The earliest moment by which `duration` (not negative) of working time has passed since `start`, in UTC.

        Nothing has always passed: adding none gives `start`. Raises NoWorkingTimeError.
        """
        left = _not_negative(duration)
        if not left:
            return start.astimezone(UTC)
        for begin, end in self._from(start):
            worked = end - max(begin, start)
            if worked >= left:
                return max(begin, start) + left
            left -= max(worked, NONE)
        raise AssertionError("spans end only by NoWorkingTimeError")

    def subtract(self, end: datetime, duration: timedelta) -> datetime:
        """The latest moment from which `duration` (not negative) of working time passes until `end`, in UTC.

        Raises NoWorkingTimeError.
        """
        left = _not_negative(duration)
        if not left:
            return end.astimezone(UTC)
        for begin, over in self._until(end):
            worked = min(over, end) - begin
            if worked >= left:
                return min(over, end) - left
            left -= max(worked, NONE)
        raise AssertionError("spans end only by NoWorkingTimeError")

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The working time from `start` to `end`, of the first ten years at most; negative when `end` is the earlier one."""
        if end < start:
            return -self.between(end, start)
        if end - start > FURTHEST * DAY:
            end = start + FURTHEST * DAY
        first, last = self._day(start), self._day(end)
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        spans = (span for day in days for span in self.spans(day))
        return sum((max(min(over, end) - max(begin, start), NONE) for begin, over in spans), start=NONE)

    def provisional(self, start: datetime, end: datetime) -> bool:
        """Whether what lies between may still change, since a year's notice is not published."""
        first, last = sorted((self._day(start), self._day(end)))
        return self._almanac.provisional(first, last)

    def spans(self, day: date) -> tuple[Span, ...]:
        """What is worked on `day` of the zone, in order."""
        known = self._known.get(day)
        if known is None:
            if len(self._known) >= MOST_DAYS:
                del self._known[next(iter(self._known))]
            known = self._known[day] = tuple(self._spans(day, self._windows(day)))
        return known

    def _windows(self, day: date) -> tuple[Window, ...]:
        if any(leave.first <= day <= leave.last for leave in self._leave):
            return ()
        match self._almanac.kind(day):
            case Kind.HOLIDAY:
                return ()
            case Kind.MAKE_UP:
                return self._week.make_up
            case _:
                return self._week.days[day.weekday()]

    def _spans(self, day: date, windows: tuple[Window, ...]) -> Iterator[Span]:
        midnight = datetime(day.year, day.month, day.day, tzinfo=self._zone)
        begin, end = midnight.astimezone(UTC), _next_midnight(midnight)
        if end - begin == DAY:
            yield from ((begin + window.start * MINUTE, begin + window.end * MINUTE) for window in windows)
        else:
            yield from self._minute_by_minute(begin, end, windows)

    def _minute_by_minute(self, begin: datetime, end: datetime, windows: tuple[Window, ...]) -> Iterator[Span]:
        """A day on which the zone changes its clock: twice a year at most, so that looking at every minute is cheap enough."""
        since: datetime | None = None
        for number in range((end - begin) // MINUTE + 1):
            moment = begin + number * MINUTE
            wall = moment.astimezone(self._zone)
            worked = moment < end and any(one.start <= wall.hour * 60 + wall.minute < one.end for one in windows)
            if worked and since is None:
                since = moment
            elif not worked and since is not None:
                yield since, moment
                since = None

    def _day(self, at: datetime) -> date:
        return at.astimezone(self._zone).date()

    def _from(self, at: datetime) -> Iterator[Span]:
        """Spans that end after `at`, for as long as there are any."""
        day, empty = self._day(at), 0
        while empty < FURTHEST:
            spans = [span for span in self.spans(day) if span[1] > at]
            yield from spans
            empty = 0 if spans else empty + 1
            day += DAY
        raise NoWorkingTimeError(f"Nothing is worked in the ten years after {day - FURTHEST * DAY}.")

    def _until(self, at: datetime) -> Iterator[Span]:
        """Spans that begin before `at`, backwards."""
        day, empty = self._day(at), 0
        while empty < FURTHEST:
            spans = [span for span in reversed(self.spans(day)) if span[0] < at]
            yield from spans
            empty = 0 if spans else empty + 1
            day -= DAY
        raise NoWorkingTimeError(f"Nothing is worked in the ten years before {day + FURTHEST * DAY}.")


def _next_midnight(midnight: datetime) -> datetime:
    following = midnight.date() + DAY
    return datetime(following.year, following.month, following.day, tzinfo=midnight.tzinfo).astimezone(UTC)


def _not_negative(duration: timedelta) -> timedelta:
    if duration < NONE:
        raise ValueError("A duration of working time is not negative; use subtract to reckon backwards.")
    return duration
