"""The ACLs say of every topic who writes it and who reads it, and nothing more; the commands say the same."""

import shlex
from itertools import pairwise

import pytest
from typer.testing import CliRunner

from infra.acls import Acl, acls, commands, principal_of
from infra.cli import app
from services.documents.domain import DocumentsDomain
from services.intake.domain import RequestDomain
from services.notify.domain import NotifyDomain
from services.notify.policy import load_policy
from services.routing.domain import RoutingDomain
from shared.schemas.envelope import SOURCES
from shared.schemas.topics import (
    DEAD_LETTER,
    HEARS,
    INBOUND,
    PEOPLE,
    REQUEST_TOPICS,
    SEASON_NOTIFICATIONS,
    SEASONS,
    TOPICS,
    VERDICTS,
    inbound_of,
    topics_of,
    verdicts_of,
)

UNITS = ("east", "north")
ALL = acls(UNITS)


def who(operation: str, topic: str, given: list[Acl] = ALL) -> set[str]:
    return {acl.principal for acl in given if (acl.operation, acl.resource, acl.name) == (operation, "topic", topic)}


def test_what_is_declared_to_be_heard_is_what_the_domains_hear():
    domains = (RequestDomain(), RoutingDomain(), NotifyDomain(load_policy()), DocumentsDomain())
    assert {domain.source: frozenset(domain.hears) for domain in domains} == {
        key: frozenset(heard) for key, heard in HEARS.items()
    }


@pytest.mark.parametrize("topic", [*TOPICS, *topics_of(UNITS)], ids=lambda topic: topic.name)
def test_every_topic_has_at_most_its_one_writer(topic):
    writers = who("Write", topic.name)
    if topic in {INBOUND, VERDICTS}:
        assert writers == set(), "nobody shows who they are on the shared ones"
    else:
        assert writers == {principal_of(topic.writer) if topic.writer in UNITS else topic.writer}


@pytest.mark.parametrize("source", SOURCES)
def test_a_service_reads_what_it_hears_and_what_it_said_itself(source):
    read = {acl.name for acl in ALL if (acl.principal, acl.operation, acl.resource) == (source, "Read", "topic")}
    own = {inbound_of(unit).name for unit in UNITS} if source == "intake" else set()
    own |= {"routing": {SEASONS.name}, "notify": {SEASONS.name, SEASON_NOTIFICATIONS.name}}.get(source, set())
    assert read == {PEOPLE.name, REQUEST_TOPICS[source].name, *(REQUEST_TOPICS[heard].name for heard in HEARS[source]), *own}
    assert who("Write", DEAD_LETTER[source].name) == {source}


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_writes_its_requests_and_reads_its_verdicts_and_nothing_else(unit: str):
    theirs = {(acl.resource, acl.name, acl.operation) for acl in ALL if acl.principal == principal_of(unit)}
    assert theirs == {
        ("topic", inbound_of(unit).name, "Write"),
        ("topic", inbound_of(unit).name, "Describe"),
        ("topic", verdicts_of(unit).name, "Read"),
        ("topic", verdicts_of(unit).name, "Describe"),
        ("group", f"{principal_of(unit)}.", "Read"),
    }
    assert who("Read", verdicts_of(unit).name) == {principal_of(unit)}


def test_the_shared_topics_are_allowed_only_when_asked_for():
    shared = acls(UNITS, shared=True)
    assert who("Write", INBOUND.name, shared) == {principal_of(unit) for unit in UNITS}
    assert (who("Write", VERDICTS.name, shared), who("Read", INBOUND.name, shared)) == ({"intake"}, {"intake"})


def test_the_commands_say_the_same():
    said: set[Acl] = set()
    for line in commands(ALL, "kafka:9092", "admin.properties"):
        words = shlex.split(line)
        pairs = list(pairwise(words))
        principal = next(value for key, value in pairs if key == "--allow-principal").removeprefix("User:")
        operations = [value for key, value in pairs if key == "--operation"]
        named = [(key[2:], value) for key, value in pairs if key in {"--topic", "--group"}]
        prefixed = ("--resource-pattern-type", "prefixed") in pairs
        said |= {Acl(principal, kind, name, operation, prefixed) for kind, name in named for operation in operations}
    assert said == set(ALL)


def test_the_command_line_prints_them_and_names_a_unit_that_cannot_be_one():
    run = CliRunner().invoke(app, ["kafka-acls", "kafka:9092", "--units", "east,north"])
    assert run.exit_code == 0, run.output
    assert run.output.splitlines() == commands(ALL, "kafka:9092", "admin.properties")
    wrong = CliRunner().invoke(app, ["kafka-acls", "--units", "华东"])
    assert wrong.exit_code == 2
    assert "华东" in wrong.output
