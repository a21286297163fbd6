"""The real parts every test may stand on: one mongod and one broker of each kind for a whole worker, a fresh database for each test."""

import logging
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
import structlog
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.workermanage import WorkerController

from infra.brokers import BrokerKind
from infra.embedded import Mongod
from shared.storage import Database, connect
from tests import on_mailbox, workers
from tests.on_kafka import JARS, UNTRIED, Brokers, hindrance, start_hastily, tell

start_hastily()
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")  # what is tried is what is computed; how long it takes tells of what else the machine does
# A traceback with the values of all variables, as structlog writes it by default, takes longer than most tests.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)
for size in ("COLUMNS", "LINES"):  # a worker has those of a terminal it does not write to, and rich would keep them for good
    os.environ.pop(size, None)


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        tell(config.workerinput["hindrance"])


def pytest_configure_node(node: WorkerController) -> None:
    node.workerinput["hindrance"] = hindrance()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    return workers.workers_for(config)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> workers.Units:
    return workers.Units(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: workers.turn_of(item.nodeid))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def mongod(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mongod]:
    """A one-node replica set that takes writes."""
    program = Mongod(Path(tmp_path_factory.mktemp("mongod")))
    await program.start()
    yield program
    await program.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def mongo_uri(mongod: Mongod) -> str:
    """Its connection string, with the durability every service insists on."""
    return mongod.uri


@pytest_asyncio.fixture(loop_scope="session")
async def mongo_database(mongo_uri: str) -> AsyncIterator[Database]:
    """A database of a name nobody used before; dropped afterwards."""
    client = connect(mongo_uri)
    name = f"test_{uuid.uuid4().hex}"
    yield client[name]
    await client.drop_database(name)
    client.close()


@pytest.fixture(scope="session")
def jars() -> Path:
    """Kafka's jars; the test is skipped where Kafka cannot run."""
    if why := hindrance():
        pytest.skip(f"{UNTRIED}: {why}")
    return JARS


@pytest.fixture(params=["embedded", "kafka"])
def broker_kind(request: pytest.FixtureRequest) -> BrokerKind:
    """Whatever asks for it is tried on both brokers; on Kafka it is skipped, loudly, where that cannot run."""
    if request.param == "kafka":
        request.getfixturevalue("jars")
    return request.param


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def brokers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Brokers]:
    """The brokers that more than one test uses."""
    running = Brokers(tmp_path_factory.mktemp)
    yield running
    await running.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def broker_address(broker_kind: BrokerKind, brokers: Brokers) -> str:
    """Address of a broker that has every declared topic. Its log is shared by the run: use fresh subjects and groups."""
    return await brokers.address(broker_kind)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One loud line when something was to be tried on Kafka and could not be."""
    skipped = terminalreporter.getreports("skipped")
    untried = [report for report in skipped if UNTRIED in str(report.longrepr)]
    if untried:
        terminalreporter.write_sep("!", f"{UNTRIED} ({len(untried)} tests skipped): {hindrance()}", red=True, bold=True)
    unread = [report for report in skipped if on_mailbox.UNTRIED in str(report.longrepr)]
    if unread:
        terminalreporter.write_sep("!", f"{on_mailbox.UNTRIED} ({len(unread)} tests skipped)", red=True, bold=True)


@pytest.fixture(scope="module")
def silent_log() -> Iterator[None]:
    """For tests that make thousands of faults: writing down every traceback would take longer than the test."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)
