"""A unit's secret follows from the master secret and from whose it is; the documented receiver accepts what it signs."""

import base64
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from shared.callbacks.secrets import BOTH_FOR, key_of, keys_at, shown, signature, signatures
from shared.schemas.callbacks import HAPPENINGS, Callback, CallbackPayload

MASTER = b"a master secret of thirty-two bytes"
DOCUMENT = (Path(__file__).parents[3] / "docs" / "callbacks.md").read_text(encoding="utf-8")
NOW = datetime(2027, 3, 1, 1, 0, tzinfo=UTC)
BODY = b'{"type":"callback.ping"}'


def documented() -> Callable[..., bool]:
    """The receiver's example, as it stands in the document."""
    (source,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    assert len(source.strip().splitlines()) <= 12
    names: dict[str, Callable[..., bool]] = {}
    exec(source, names)  # the document's own lines are what is tried
    return names["verified"]


def headers(keys: list[bytes], at: float) -> dict[str, str]:
    signed = signatures(keys, "d-1", int(at), BODY)
    return {"webhook-id": "d-1", "webhook-timestamp": str(int(at)), "webhook-signature": signed}


def callback(**changes: object) -> Callback:
    return Callback(unit="east", id="crm", url="https://x.example/", events=("request.accepted",)).model_copy(update=changes)


def test_the_documented_receiver_takes_what_is_signed_and_nothing_else():
    verified, key, now = documented(), key_of(MASTER, "east", "crm", 1), time.time()
    assert verified(shown(key), headers([key], now), BODY)
    assert not verified(shown(key_of(MASTER, "east", "crm", 2)), headers([key], now), BODY)
    assert not verified(shown(key), headers([key], now), BODY + b" ")
    assert not verified(shown(key), {**headers([key], now), "webhook-id": "d-2"}, BODY)
    assert not verified(shown(key), headers([key], now - 301), BODY)
    assert not verified(shown(key), {**headers([key], now), "webhook-signature": "v1a,x v1, "}, BODY)


def test_while_both_sign_a_receiver_with_either_secret_accepts():
    verified, now = documented(), time.time()
    keys = [key_of(MASTER, "east", "crm", version) for version in (2, 1)]
    assert all(verified(shown(key), headers(keys, now), BODY) for key in keys)


def test_no_two_subscriptions_or_versions_have_one_secret_and_each_is_of_the_standards_form():
    told = [
        shown(key_of(MASTER, *about))
        for about in (
            ("east", "crm", 1),
            ("east", "crm", 2),
            ("east", "erp", 1),
            ("west", "crm", 1),
            ("eastcrm", "", 1),
            ("e", "astcrm", 1),
        )
    ]
    assert len(set(told)) == len(told)
    assert shown(key_of(MASTER + b"!", "east", "crm", 1)) not in told
    for secret in told:
        assert secret.startswith("whsec_")
        assert 24 <= len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) <= 64


@pytest.mark.parametrize(
    ("version", "turned", "versions"),
    [
        (1, None, [1]),
        (1, NOW, [1]),
        (2, None, [2]),
        (2, NOW - BOTH_FOR + timedelta(seconds=1), [2, 1]),
        (2, NOW - BOTH_FOR, [2]),
        (5, NOW, [5, 4]),
    ],
)
def test_the_secret_before_signs_too_for_a_day_after_it_was_turned(version: int, turned: datetime | None, versions: list[int]):
    keys = keys_at(MASTER, callback(version=version, turned_at=turned), NOW)
    assert keys == tuple(key_of(MASTER, "east", "crm", one) for one in versions)


def test_the_signature_is_that_of_the_standards_example():
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == expected


def test_the_documented_message_is_of_the_contract_and_every_event_is_documented():
    (sample,) = re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)
    payload = CallbackPayload.model_validate_json(sample)
    assert payload.model_dump(mode="json", exclude_defaults=True) == orjson.loads(sample)
    assert set(re.findall(r"^\| `((?:request|document)\.[a-z_]+)`", DOCUMENT, re.MULTILINE)) == set(HAPPENINGS)
