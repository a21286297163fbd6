"""The house rules hold, and each rule would notice if they did not."""

import re

import pytest

from tests.architecture.rules import (
    MAX_FUNCTION_LINES,
    MAX_LINES,
    OVERDUE,
    READS_FILES,
    Rule,
    domains_are_pure,
    files_are_short,
    functions_are_short,
    locked,
    modules_have_telling_names,
    modules_say_their_duty,
    only_messaging_consumes,
    schemas_import_pydantic_alone,
)
from tests.architecture.seeing import addresses_read_by_sight, only_our_services_see_all
from tests.architecture.sources import ROOT, Source, sources

RULES: list[Rule] = [
    schemas_import_pydantic_alone,
    only_messaging_consumes,
    domains_are_pure,
    files_are_short,
    functions_are_short,
    modules_have_telling_names,
    modules_say_their_duty,
    addresses_read_by_sight,
    only_our_services_see_all,
]

OFFENCES: list[tuple[Rule, str, str]] = [
    (schemas_import_pydantic_alone, "shared/schemas/people.py", "import yaml"),
    (schemas_import_pydantic_alone, "shared/schemas/people.py", "from shared.catalogue import Pack"),
    (schemas_import_pydantic_alone, "shared/schemas/people.py", "from fastapi import FastAPI"),
    (only_messaging_consumes, "services/intake/app.py", "@broker.subscriber('t')\nasync def f(m): ..."),
    (only_messaging_consumes, "services/intake/app.py", "import x\nx.AIOKafkaConsumer()"),
    (only_messaging_consumes, "infra/stack.py", "KafkaBroker('localhost')"),
    (domains_are_pure, "services/notify/domain.py", "import httpx"),
    (domains_are_pure, "services/intake/domain/decisions.py", "from shared.storage import Collection"),
    (domains_are_pure, "services/routing/domain/seating.py", "from datetime import datetime\ndatetime.now()"),
    (domains_are_pure, "services/routing/domain/seating.py", "import uuid\nuuid.uuid4()"),
    (domains_are_pure, "services/routing/domain/seating.py", "import random"),
    (domains_are_pure, "shared/catalogue/judge.py", "open('/etc/passwd')"),
    (domains_are_pure, "shared/ledger/messages.py", "import asyncio"),
    (files_are_short, "shared/ledger/long.py", "x = 1\n" * (MAX_LINES + 1)),
    (functions_are_short, "shared/ledger/long.py", "def f():\n" + "    x = 1\n" * MAX_FUNCTION_LINES),
    (functions_are_short, "shared/ledger/long.py", "class C:\n    async def f(self):\n" + "        x = 1\n" * MAX_FUNCTION_LINES),
    (functions_are_short, "services/notify/api.py", "def f():\n    def g():\n" + "        x = 1\n" * MAX_FUNCTION_LINES),
    (modules_have_telling_names, "shared/utils/dates.py", ""),
    (modules_have_telling_names, "services/notify/helpers.py", ""),
    (modules_have_telling_names, "services/manager/app.py", ""),
    (modules_say_their_duty, "services/notify/domain.py", "import json"),
    (modules_say_their_duty, "services/notify/domain.py", '"""Notify."""'),
    (modules_say_their_duty, "services/notify/domain.py", ""),
    (addresses_read_by_sight, "services/notify/api.py", "from services.notify.projection import MongoProjection"),
    (addresses_read_by_sight, "services/intake/api/desk.py", "from services.intake.projection import Projection"),
    (addresses_read_by_sight, "services/intake/api/desk.py", "from shared.storage import BlobStore, Collection"),
    (addresses_read_by_sight, "services/routing/api.py", "class R(Protocol):\n    async def state(self, request: str): ..."),
    (
        addresses_read_by_sight,
        "services/routing/api.py",
        "class R(Protocol):\n    async def state(self, sight: Sight = ALL): ...",
    ),
    (
        addresses_read_by_sight,
        "services/routing/api.py",
        "class R(Protocol):\n    async def state(self, sight: Sight | None): ...",
    ),
    (only_our_services_see_all, "services/routing/api.py", "Sight.of_our_services()"),
    (only_our_services_see_all, "services/intake/api/desk.py", "Sight(whole=True)"),
    (only_our_services_see_all, "shared/service/redriving.py", "Sight(**given)"),
    (only_our_services_see_all, "services/intake/mail/threads.py", "Sight(person=person, stands_in_for=named)"),
]

LAWFUL: list[tuple[Rule, str, str]] = [
    (
        schemas_import_pydantic_alone,
        "shared/schemas/people.py",
        "import hashlib\nimport orjson\nfrom shared.schemas.model import Frozen",
    ),
    (only_messaging_consumes, "shared/messaging/consumer.py", "broker.subscriber('t')"),
    (
        domains_are_pure,
        "services/routing/domain/seating.py",
        "from datetime import datetime\ndatetime.fromisoformat('2027-03-01')",
    ),
    (domains_are_pure, "services/routing/projection.py", "import asyncio"),
    (files_are_short, "shared/ledger/short.py", "x = 1\n" * MAX_LINES),
    (functions_are_short, "shared/ledger/short.py", "def f():\n" + "    x = 1\n" * (MAX_FUNCTION_LINES - 1)),
    (
        functions_are_short,
        "services/notify/api.py",
        "def f():\n    @get\n    def g():\n" + "        x = 1\n" * 30 + "    x = 1\n" * 30,
    ),
    (modules_have_telling_names, "shared/ledger/apply.py", ""),
    (addresses_read_by_sight, "services/intake/api/desk.py", "from services.intake.projection import FILTERS, Page"),
    (addresses_read_by_sight, "services/routing/projection.py", "from shared.storage import Collection"),
    (
        addresses_read_by_sight,
        "services/routing/api.py",
        "class R(Protocol):\n    async def state(self, sight: Sight, of: str): ...",
    ),
    (only_our_services_see_all, "services/intake/mail/threads.py", "Sight(person=person)"),
]


@pytest.fixture(scope="module")
def files() -> tuple[Source, ...]:
    found = sources()
    assert len(found) > 80, "the sources were not found"
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_its_rules(rule: Rule, files: tuple[Source, ...]):
    assert rule(files) == []


def test_test_files_are_short_too():
    assert files_are_short(sources(rooms=["tests"])) == []


def test_test_functions_are_short_too():
    assert functions_are_short(sources(rooms=["tests"])) == []


@pytest.mark.parametrize(("rule", "path", "text"), OFFENCES, ids=lambda value: getattr(value, "__name__", str(value)[:40]))
def test_an_offence_is_noticed(rule: Rule, path: str, text: str):
    assert rule([Source(path, text)]) != []


@pytest.mark.parametrize(("rule", "path", "text"), LAWFUL, ids=lambda value: getattr(value, "__name__", str(value)[:40]))
def test_what_is_lawful_is_let_be(rule: Rule, path: str, text: str):
    assert rule([Source(path, text)]) == []


def test_each_promise_names_the_very_file_that_shows_it():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = text.partition("## What each promise rests on")[2].partition("\n## ")[0]
    named = re.findall(r"`(tests/[^`]*)`", table)
    assert len(named) > 15
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_every_exception_names_a_file_that_exists(files: tuple[Source, ...]):
    assert {file.path for file in files} >= READS_FILES | OVERDUE


def test_what_is_no_longer_too_long_is_no_longer_excepted(files: tuple[Source, ...]):
    lengths = {file.path: len(file.text.splitlines()) for file in files}
    assert [path for path in OVERDUE if lengths[path] <= MAX_LINES] == []


def test_the_lock_has_exact_versions_hashes_and_no_addresses():
    file = ROOT / "requirements.lock"
    if not file.is_file():
        pytest.skip("THERE IS NO requirements.lock: nothing was checked")
    text = file.read_text(encoding="utf-8")
    assert text.count("==") > 20
    assert locked(text) == []


HASH = "    --hash=sha256:" + "0a" * 32


@pytest.mark.parametrize(
    "text",
    [
        f"orjson>=3 \\\n{HASH}\n",
        "orjson==3.10\n",
        f"orjson==3.10 \\\n{HASH}\nyaml==6\n",
        f"--index-url https://registry.example/simple\norjson==3.10 \\\n{HASH}\n",
        f"orjson @ https://files.example/orjson.whl \\\n{HASH}\n",
        f"orjson==3.10 \\\n{HASH[:-1]}\n",
    ],
)
def test_a_careless_lock_is_noticed(text: str):
    assert locked(text) != []


def test_a_careful_lock_is_let_be():
    assert locked(f"# made by a tool\norjson==3.10 \\\n{HASH} \\\n{HASH}\n") == []
