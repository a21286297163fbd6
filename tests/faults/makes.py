"""How the faults of the catalogue are drawn: from a stand, a chance and the figures of a profile."""

import random

from tests.faults import handing, mischief, nemesis, outages, restores
from tests.faults.cases import Make, Profile
from tests.faults.nemesis import Fault
from tests.faults.stand import Stand


def at_once(turn: int) -> Make:
    """Whoever was killed gets work again once its group has forgotten it; by then a process is where it was told to end."""
    return lambda stand, chance, profile: nemesis.kill_at_once(stand, chance, turn, 4 / 3 * profile.session)


def at(service: str, point: str) -> Make:
    return lambda stand, _chance, _profile: nemesis.KillAt(points=dict.fromkeys(stand.of(service), (point, 1)))


def from_outside(stand: Stand, chance: random.Random, profile: Profile) -> Fault:
    return nemesis.kill_outside(stand, chance, profile.kills)


def rolled_out(*_: object) -> Fault:
    return nemesis.RolledOut()


def broker_gone(*, replayed: bool = True) -> Make:
    return lambda _stand, chance, profile: outages.BrokerGone(
        after=chance.uniform(0.2, 1.5), seconds=profile.outage, replayed=replayed
    )


def brokers_killed(*places: int) -> Make:
    """Some for a while; more than one for a whole outage: a send that waits for less than its time-out is not lost, whatever is off."""
    return lambda _stand, chance, profile: outages.BrokersKilled(
        places=places, after=chance.uniform(0.2, 1.5), seconds=profile.broker_away if len(places) == 1 else profile.outage
    )


def mails(kind: str, *steps: str, times: int = 1) -> Make:
    return lambda _stand, _chance, profile: mischief.Outside(
        mails=tuple(
            (step, kind, times, seconds) for step in steps for seconds in profile.mail_delays[: None if kind == "delay" else 1]
        )
    )


def chats(*kinds: str) -> Make:
    return lambda _stand, _chance, profile: mischief.Outside(chats=tuple((kind, 1, profile.mail_delays[-1]) for kind in kinds))


def frozen(point: str) -> Make:
    return lambda stand, chance, profile: nemesis.FreezeAt(
        process=chance.choice(stand.of("routing")), point=point, seconds=profile.stopped
    )


def stopped(stand: Stand, chance: random.Random, profile: Profile) -> Fault:
    return nemesis.Stop(process=chance.choice(stand.of("routing")), after=chance.uniform(0.1, 3), seconds=profile.stopped)


def primary(kind: str) -> Make:
    return lambda _stand, chance, profile: outages.PrimaryGone(kind=kind, after=chance.uniform(0.2, 2), seconds=profile.stopped)


def read_only(stand: Stand, chance: random.Random, profile: Profile) -> Fault:
    return outages.ReadOnly(after=chance.uniform(0.5, 2), seconds=profile.stopped / 2, killed=chance.choice(stand.processes))


def disk_full(_stand: Stand, chance: random.Random, profile: Profile) -> Fault:
    return outages.DiskFull(after=chance.uniform(0.5, 2), seconds=profile.stopped / 2)


def late(_stand: Stand, chance: random.Random, profile: Profile) -> Fault:
    return outages.LateWrite(after=chance.uniform(0.1, 0.5), seconds=profile.stopped / 2, late=7.0)


def nothing(*_: object) -> Fault:
    return nemesis.Nothing()


def lost_tail(*, reconciled: bool = True) -> Make:
    return lambda _stand, _chance, _profile: outages.LostTail(seconds=6.0, reconciled=reconciled)


def put_back(service: str, *, restored: bool = True) -> Make:
    """Before the load is over; with mails that are held, for less time than notify waits for them, where it is notify that goes."""
    return lambda _stand, chance, profile: restores.PutBack(
        service=service,
        after=chance.uniform(1, 2),
        between=chance.uniform(0.5, 1.5),
        killed=chance.uniform(2, 5),
        held=profile.mail_patience / 2 if service == "notify" else 0,
        restored=restored,
    )


def poison(*_: object) -> Fault:
    return mischief.PoisonSet()


def slow_handler(_stand: Stand, _chance: random.Random, profile: Profile) -> Fault:
    """A member joins while the other is slow with what gathered until the group had forgotten those who were killed."""
    return handing.SlowHandler(after=max(profile.spread, profile.session) + 1, seconds=profile.handler, joins=profile.handler / 5)


def rebuilt(*, beside: bool = True) -> Make:
    """Everything is rebuilt while requests are under way; if not `beside` what is in use, rest never comes."""
    return lambda _stand, chance, profile: handing.Rebuilt(
        after=chance.uniform(1, 2), patience=profile.patience if beside else profile.control_patience
    )
