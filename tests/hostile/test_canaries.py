"""Fifty canaries in personal fields and in people's data, driven to the end: none where it may not be, all where they must be."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from shared.schemas.topics import REQUEST_TOPICS
from tests.hostile import aftermath, by_mail, by_topic, canaries, over_http, papers
from tests.hostile.case import Case, expecting
from tests.hostile.ground import DATABASES, SERVICE, Ground, company, open_ground

SEARCHED = {
    "the",
    "answer",
    *(f"{service}.requests" for service in DATABASES),
    *(topic.name for topic in REQUEST_TOPICS.values()),
}


def test_there_are_fifty_and_none_stands_within_another() -> None:
    assert len(set(canaries.CANARIES)) == canaries.NUMBER
    assert not [one for one in canaries.CANARIES for other in canaries.CANARIES if one != other and one in other]


def test_the_search_finds_a_canary_in_a_line_of_a_log() -> None:
    line = json.dumps({"event": "mail.taken", "subject": canaries.CANARIES[20].upper()})
    assert canaries.found_in({"a log": line}) == [f"{canaries.CANARIES[20]} in a log"]


async def _other_channels(ground: Ground) -> None:
    more = {"message_id": "<canary@firm.example>", "sender": "a1@firm.example"}
    mail = Case(name="", group="", channel="mail", payload=canaries.the_mail(), expect=expecting(), more=more)
    table = Case(name="", group="", channel="csv", payload=canaries.the_table(), expect=expecting())
    record = Case(name="", group="", channel="topic", payload=canaries.the_record(), expect=expecting())
    outcomes = [(await by_mail.one(ground, mail)).outcome, (await over_http.table(ground, table)).outcome]
    outcomes += [seen.outcome for seen in await by_topic.records(ground, [record])]
    assert outcomes == ["returned"] * 3


@pytest.mark.stack
@pytest.mark.timeout(600)
async def test_no_personal_value_is_where_it_may_not_be(tmp_path: Path) -> None:
    async with open_ground(tmp_path / "stack") as ground:
        await ground.front.employ(json.dumps(canaries.directory(company())).encode())
        good, answers = await canaries.sent(ground)
        await _other_channels(ground)
        await papers.finished(ground, good)
        await aftermath.settled(ground)
        everybody = [document["_id"] for document in ground.collection("intake", "requests").find({}, {"_id": 1})]
        places = {f"the log of {name}": text for name, text in ground.logs().items()}
        places |= {f"answer {number}": text for number, text in enumerate(answers)}
        places |= await canaries.shown(ground, everybody) | canaries.stored(ground) | await canaries.said(ground)
        assert _searched(places, good) >= SEARCHED
        assert canaries.found_in(places) == []
        await _found_where_they_must_be(ground, good)
        await _erased(ground, everybody)


def _searched(places: Mapping[str, str], good: list[str]) -> set[str]:
    """The kinds of places in which the good requests' ids are found: a search that sees them there would see a name."""
    return {place.partition(" ")[0] for place, text in places.items() if any(request in text for request in good)}


async def _erased(ground: Ground, requests: list[str]) -> None:
    """After the erasure intake has no personal value, no raw mail; every chain in all four databases is as it was."""
    before = _heads(ground)
    assert canaries.found_in(_private(ground)), "there was nothing to erase"
    mails = [mail["sha256"] for mail in ground.collection("intake", "mails").find({})]
    for request in requests:
        url = f"{ground.stack.url('intake')}/internal/requests/{request}/erase"
        (await ground.client.post(url, params={"by": "tests"}, headers=SERVICE)).raise_for_status()
    assert canaries.found_in(_private(ground)) == []
    assert mails
    assert ground.collection("intake", "blobs.files").count_documents({"filename": {"$in": mails}}) == 0
    assert _heads(ground) == before
    assert list(aftermath.chains(ground)) == []


def _private(ground: Ground) -> dict[str, str]:
    return {document["_id"]: repr(document) for document in ground.collection("intake", "requests").find({})}


def _heads(ground: Ground) -> dict[str, str]:
    """The last event of every ledger document in all four databases."""
    return {
        f"{service} {document['_id']}": document["head_id"]
        for service in DATABASES
        for document in ground.collection(service, "requests").find({}, {"head_id": 1})
    }


async def _found_where_they_must_be(ground: Ground, good: list[str]) -> None:
    """The positive control: with the services' token, on paper, and as recipients of mails."""
    inside = {}
    for request in good:
        url = f"{ground.stack.url('intake')}/internal/requests/{request}/personal"
        inside[request] = (await ground.client.get(url, headers=SERVICE)).text
        inside[request] += "".join(text for _, text in await papers.texts(ground, request)).replace("\n", "")
    named = {one.partition(" in ")[0] for one in canaries.found_in(inside)}
    wanted = {canaries.AMENDED, *canaries.CUSTOMERS}
    wanted |= {
        one
        for one in canaries.CANARIES
        for kind, value in canaries.PERSONAL.items()
        if one in repr(value) and kind != "tech.survey"
    }
    assert wanted <= named
    mails = {str(number): raw.decode("ascii") for number, raw in enumerate(ground.mails())}
    assert canaries.found_in(mails, canaries.ADDRESSES), "nobody was written to"
