"""How the tests are spread over worker processes: what shares costly parts stays together, and what takes long begins first.

A unit of work goes to one worker whole. It is a file, except that everything tried on Kafka is one unit, so that one worker
alone starts it, and that the tests of files which share nothing are units of their own.
"""

import os
import re
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

WORKERS_PER_CORE = 2
MOST_WORKERS = 4
KAFKA = "kafka"
ON_KAFKA = re.compile(r"\[(?:.*-)?kafka(?:-.*)?\]$")
BESIDE_KAFKA = ("tests/infra/test_dockerfile.py",)
APART = ("tests/unit/documents/test_documents_sample_data.py", "tests/unit/ledger/test_shuffle.py")
LONG = (
    KAFKA,
    "tests/faults/test_faults.py",
    "tests/e2e/test_cross_unit.py",
    "tests/infra/test_secured_kafka.py",
    "tests/infra/test_database_users.py",
    "tests/infra/test_stack.py",
    "tests/e2e/test_demonstration.py",
    "tests/infra/test_command_line_stack.py",
    "tests/infra/test_kafka.py",
    "tests/component/service/test_killed_anywhere.py",
    "tests/e2e/test_realistic_data.py",
    "tests/e2e/test_realistic_files.py",
    "tests/e2e/test_rebuild.py",
    "tests/e2e/test_restore.py",
    "tests/e2e/test_by_mail.py",
    "tests/hostile/test_hostile.py",
    "tests/hostile/test_canaries.py",
    "tests/e2e/test_import_killed.py",
    "tests/e2e/test_five_channels.py",
    "tests/unit/documents/test_documents_pdf.py",
    "tests/component/messaging/test_consumer.py",
    "tests/component/messaging/test_undecodable.py",
    "tests/e2e/test_lost_tail.py",
    "tests/infra/test_readme_walk.py",
    "tests/e2e/test_running_metrics.py",
    "tests/integration/test_intake_process.py",
    "tests/component/messaging/test_lost.py",
    "tests/unit/documents/test_documents_audience.py",
    "tests/infra/test_recovery_killed.py",
    "tests/component/ledger/test_mongo_shuffle.py",
    "tests/unit/ledger/test_shuffle.py",
    "tests/faults/test_process.py",
    "tests/unit/documents/test_documents_sample_data.py",
)
"""The units that take ten seconds and more, the longest first; one that began last would keep everybody waiting."""


class Units(LoadScopeScheduling):
    """Hands out units in the order in which the tests stand."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


def workers_for(config: pytest.Config) -> int:
    """How many workers a run has: the tests wait more than they compute. None (0) for files and tests that are named one by one."""
    if not any(Path(argument).is_dir() for argument in config.args):
        return 0
    return min(MOST_WORKERS, WORKERS_PER_CORE * (os.cpu_count() or 1))


def unit_of(nodeid: str) -> str:
    """What a test goes to a worker with."""
    file = nodeid.split("::", 1)[0]
    if file in BESIDE_KAFKA or ON_KAFKA.search(nodeid):
        return KAFKA
    return nodeid if file in APART else file


def turn_of(nodeid: str) -> int:
    """When a test's unit is handed out: those of LONG in their order, then all others."""
    turns = {unit: turn for turn, unit in enumerate(LONG)}
    return min(turns.get(name, len(LONG)) for name in (unit_of(nodeid), nodeid.split("::", 1)[0]))
