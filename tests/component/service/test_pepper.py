"""A process that could prove none of the keys there are does not start."""

from datetime import timedelta

import pytest

from shared.schemas.access import AccessKey, SystemAccess
from shared.schemas.intake import AccessRecorded
from shared.schemas.registry import TYPE_OF
from shared.service.parts import NoPepperError, Parts
from shared.service.settings import Settings
from shared.storage import Database, MongoPeopleStore
from tests.builders import NOW

PEPPER = "x7Kq-this-is-no-word-of-any-dictionary-4711"


def parts(mongo_uri: str, database: str, **changes: str) -> Parts:
    environment = {
        "BACKLINE_MONGO_URI": mongo_uri,
        "BACKLINE_DATABASE": database,
        "BACKLINE_BROKER": "127.0.0.1:1",
        "BACKLINE_SERVICE_TOKEN": "a-service-token-of-tests",
        **changes,
    }
    return Parts.build(Settings.read("routing", environment))


async def test_once_keys_are_used_a_pepper_is_needed(mongo_uri: str, mongo_database: Database) -> None:
    before = parts(mongo_uri, mongo_database.name)
    await before.open([])
    await before.close()
    key = AccessKey(
        id="0" * 12, mac="0" * 64, scopes=(), issued_at=NOW, issued_by="service:ops", expires_at=NOW + timedelta(days=1)
    )
    access = SystemAccess(business_unit="east", system="crm", keys=(key,))
    data = AccessRecorded(access=access).model_dump(mode="json")
    await MongoPeopleStore(mongo_database["people"]).keep([(access.subject, 1, TYPE_OF[AccessRecorded], data)])
    bare = parts(mongo_uri, mongo_database.name)
    with pytest.raises(NoPepperError, match="BACKLINE_KEY_PEPPER"):
        await bare.open([])
    await bare.close()
    peppered = parts(mongo_uri, mongo_database.name, BACKLINE_KEY_PEPPER=PEPPER)
    await peppered.open([])
    assert peppered.people.keys.by_id["0" * 12].system == "crm"
    assert peppered.people.directory.units == {}
    await peppered.close()
