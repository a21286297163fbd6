"""Every kind of run, and beside each fault the control that switches off what protects against it."""

from dataclasses import replace

from tests.faults import makes
from tests.faults.cases import Case
from tests.faults.sinks import SMTP_STEPS
from tests.faults.stand import Shape

KAFKA = Shape(broker="kafka", brokers=3)
THREE_AND_FEW = Shape(routing=3, crowd=0)
THREE_MEMBERS = Shape(members=3)
UNHEALED = ("outbox", "reconciliation")
BROKER_AWAY = ("intake", "drain")
DOUBTED = ("listed",)
PRIMARIES = 10
ROUNDS = 20
SEATS = ("tech.test",)

GRID = tuple(
    Case(fault=f"kill_grid_{turn}", make=makes.at_once(turn), spread=12, bounds=DOUBTED, expected=40) for turn in range(0, 13, 2)
)
OUTSIDE = tuple(
    Case(fault=f"kill_outside_{turn}", make=makes.from_outside, spread=12, bounds=DOUBTED, seldom=turn > 1, expected=38)
    for turn in range(6)
)
MAILS = (
    Case(fault="smtp_drop", make=makes.mails("drop", *SMTP_STEPS, times=2), bounds=DOUBTED, expected=12),
    Case(
        fault="smtp_delay",
        make=makes.mails("delay", *(step for step in SMTP_STEPS if step != "content")),
        bounds=DOUBTED,
        expected=15,
    ),
    Case(fault="smtp_defer", make=makes.mails("defer", "MAIL", "RCPT", "dot", times=2), expected=11),
    Case(fault="smtp_kill", make=makes.mails("kill", *SMTP_STEPS), bounds=DOUBTED, expected=45),
)
CHATS = (
    Case(fault="chat", make=makes.chats("busy", "429", "delay", "drop", "kill"), expected=15),
    *(
        Case(fault=f"chat_{kind}", make=makes.chats(kind, kind), size=6, seldom=True)
        for kind in ("drop", "delay", "busy", "429", "kill")
    ),
)
ON_EMBEDDED = (
    *GRID,
    *OUTSIDE,
    *MAILS,
    *CHATS,
    *(
        Case(
            fault=f"broker_gone_{turn}",
            make=makes.broker_gone(),
            throughout=True,
            bounds=BROKER_AWAY,
            seldom=turn > 0,
            expected=45,
        )
        for turn in range(2)
    ),
    Case(fault="rolled_out", make=makes.rolled_out, spread=20, bounds=("ended", "listed"), expected=45),
    Case(fault="lost_tail", make=makes.lost_tail()),
    Case(fault="poison", make=makes.poison, size=6, bounds=("kept",), expected=8),
    Case(fault="read_only", make=makes.read_only),
    Case(fault="disk_full", make=makes.disk_full),
    Case(fault="restore_routing", make=makes.put_back("routing")),
    Case(fault="restore_notify", make=makes.put_back("notify")),
    Case(fault="restore_documents", make=makes.put_back("documents"), seldom=True),
    Case(fault="slow_handler", make=makes.slow_handler, patient=True, size=18, expected=34),
    Case(fault="rebuild", make=makes.rebuilt(), expected=41),  # early on: it rebuilds all that its stand has ever had
    Case(fault="kill_grid", make=makes.at("routing", "before_publish"), damage="lost", without=UNHEALED, size=4),
    Case(
        fault="kill_redelivered",
        make=makes.at("intake", "before_commit"),
        damage="inversions",
        without=("sequence",),
        services=("intake",),
        expected=15,
        size=4,
    ),
    Case(
        fault="smtp_dot_kill",
        make=makes.mails("kill", "dot"),
        damage="twice",
        expected=15,
        without=("phase",),
        services=("notify",),
        size=3,
    ),
    Case(
        fault="chat",
        make=makes.chats("kill"),
        damage="twice",
        expected=15,
        without=("phase",),
        services=("notify",),
        size=3,
        seldom=True,
    ),
    Case(
        fault="broker_gone",
        make=makes.broker_gone(replayed=False),
        damage="lost",
        without=("acknowledgement", "reconciliation"),
        size=4,
    ),
    Case(fault="lost_tail", make=makes.lost_tail(reconciled=False), damage="lost", without=("reconciliation",), size=4),
    Case(fault="poison", make=makes.poison, damage="lost", without=("dead_letters",), size=2),
    Case(fault="read_only", make=makes.read_only, damage="lost", without=("refusals", "reconciliation"), size=6),
    Case(fault="disk_full", make=makes.disk_full, damage="lost", without=("majority", "reconciliation"), size=16),
    Case(
        fault="restore_notify",
        expected=20,
        make=makes.put_back("notify", restored=False),
        damage="twice",
        without=("restore",),
        size=6,
    ),
    Case(fault="slow_handler", make=makes.slow_handler, patient=True, size=18, damage="twice", without=("drain",)),
    Case(fault="rebuild", make=makes.rebuilt(beside=False), size=6, damage="twice", without=("shadow",), services=("notify",)),
    Case(
        fault="restore_routing",
        make=makes.put_back("routing", restored=False),
        damage="lost",
        without=("restore",),
        size=6,
        seldom=True,
    ),
)
WITH_FEW_PEOPLE = (
    Case(fault="zombie_0", make=makes.frozen("before_write"), shape=THREE_AND_FEW, size=8, refuses=True),
    Case(fault="zombie_1", make=makes.frozen("before_publish"), shape=THREE_AND_FEW, size=8, seldom=True),
    Case(fault="zombie_2", make=makes.stopped, shape=THREE_AND_FEW, size=8),
    Case(fault="cap", make=makes.nothing, shape=THREE_AND_FEW, size=24, idle=8, expected=20, kinds=SEATS),
    Case(fault="zombie", make=makes.frozen("before_write"), shape=THREE_AND_FEW, size=8, damage="twice", without=("guard",)),
    Case(
        fault="cap",
        make=makes.nothing,
        shape=THREE_AND_FEW,
        size=24,
        idle=10,
        kinds=SEATS,
        damage="twice",
        without=("seats",),
        expected=15,
    ),
)
ON_THREE_MEMBERS = (
    *(
        Case(
            fault=f"primary_{kind}_{turn}",
            make=makes.primary(kind),
            shape=THREE_MEMBERS,
            bounds=("stall",),
            least=PRIMARIES,
            expected=27,
        )
        for turn in range(2)
        for kind in ("kill", "freeze")
    ),
    Case(fault="primary_isolate_0", make=makes.primary("isolate"), shape=THREE_MEMBERS, bounds=("stall",), least=PRIMARIES),
    Case(fault="late_write", make=makes.late, shape=THREE_MEMBERS, expected=18),
    Case(
        fault="primary_isolate",
        make=makes.primary("isolate"),
        shape=THREE_MEMBERS,
        damage="lost",
        without=("majority",),
        size=16,
        spread=14,
        expected=50,
    ),
    Case(fault="late_write", make=makes.late, shape=THREE_MEMBERS, damage="twice", without=("guard",), size=8, expected=40),
)
ON_KAFKA = (
    *(replace(case, shape=KAFKA, seldom=turn > 0, expected=50) for turn, case in enumerate(GRID)),
    *(replace(case, shape=KAFKA, seldom=turn > 0) for turn, case in enumerate(OUTSIDE)),
    *(
        Case(
            fault=f"broker_killed_{place}",
            make=makes.brokers_killed(place),
            shape=KAFKA,
            bounds=("age",),
            least=ROUNDS,
            expected=27,
        )
        for place in range(3)
    ),
    Case(fault="slow_handler", make=makes.slow_handler, patient=True, shape=KAFKA, size=18, seldom=True),
    Case(fault="broker_gone", make=makes.broker_gone(), shape=KAFKA, throughout=True, bounds=BROKER_AWAY, expected=55),
    Case(fault="restore_notify", make=makes.put_back("notify"), shape=KAFKA, seldom=True),
    Case(
        fault="brokers_killed",
        make=makes.brokers_killed(0, 1),
        shape=KAFKA,
        damage="lost",
        without=("acknowledgement", "reconciliation"),
        size=6,
        expected=60,
    ),
)
ALL = (*ON_EMBEDDED, *WITH_FEW_PEOPLE, *ON_THREE_MEMBERS, *ON_KAFKA)


def catalogue() -> dict[str, Case]:
    """Every kind of run by name."""
    return {case.name: case for case in ALL}
