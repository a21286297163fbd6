"""Webhooks: the signature is the standard's, the identity stays, and every answer means one ending."""

import base64
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Never

import httpx
import pytest

from services.notify.channels.webhook import Subscription, Webhooks, WebhookSecretError
from shared.callbacks.secrets import signature
from shared.ledger.effects import Done, Retry, Terminal

AT = datetime(2021, 1, 9, 19, 37, 47, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def hooks(answer: Any):
    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return Webhooks({"crm": Subscription(url="https://crm.example/hook", secret=SECRET)}, client)


def test_the_signature_is_that_of_the_standards_example():
    key = Subscription(url="https://crm.example", secret=SECRET).key
    assert (
        signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


async def test_a_post_carries_identity_time_and_a_signature_over_its_very_bytes():
    seen = []
    await hooks(lambda request: seen.append(request) or httpx.Response(204)).post("crm", "item-1", {"type": "x", "名": 1}, AT)
    request = seen[0]
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    assert request.headers["webhook-id"] == "item-1"
    assert request.headers["webhook-timestamp"] == str(int(AT.timestamp()))
    assert request.headers["webhook-signature"] == signature(key, "item-1", int(AT.timestamp()), request.content)
    assert request.headers["webhook-signature"] != signature(key, "item-1", int(AT.timestamp()), request.content + b" ")


@pytest.mark.parametrize(
    ("status", "ending"),
    [
        (200, Done),
        (204, Done),
        (302, Terminal),
        (400, Terminal),
        (404, Terminal),
        (410, Terminal),
        (408, Retry),
        (429, Retry),
        (500, Retry),
        (503, Retry),
    ],
)
async def test_each_status_means_one_ending(status: Any, ending: Any):
    assert isinstance(await hooks(lambda _request: httpx.Response(status)).post("crm", "i", {}, AT), ending)


async def test_the_receiver_may_say_when_to_come_again():
    ending = await hooks(lambda _request: httpx.Response(429, headers={"retry-after": "17"})).post("crm", "i", {}, AT)
    assert isinstance(ending, Retry)
    assert ending.seconds == 17


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (format_datetime(AT + timedelta(seconds=30)), 30),
        (format_datetime(AT - timedelta(seconds=30)), None),
        ("0", None),
        ("999999", 3600),
        ("soon", None),
    ],
)
async def test_a_date_is_a_time_from_now_and_one_that_has_passed_asks_for_nothing(given: str, seconds: float | None):
    """Nothing: then it is tried again as after any fault, and not at once, a dozen times over."""
    ending = await hooks(lambda _request: httpx.Response(503, headers={"retry-after": given})).post("crm", "i", {}, AT)
    assert isinstance(ending, Retry)
    assert ending.seconds == seconds


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError])
async def test_a_silent_receiver_is_asked_again_because_it_knows_repetitions(error: type[Exception]):
    def silent(_request: httpx.Request) -> Never:
        raise error("gone")

    assert isinstance(await hooks(silent).post("crm", "i", {}, AT), Retry)


async def test_a_subscription_that_is_gone_ends_terminal():
    assert isinstance(await hooks(lambda _request: httpx.Response(200)).post("erp", "i", {}, AT), Terminal)


@pytest.mark.parametrize("secret", ["", "plain", "whsec_", "whsec_!!!", "whsec_YWJj", SECRET.removeprefix("whsec_")])
def test_a_secret_that_cannot_sign_is_refused_at_start(secret: str):
    with pytest.raises(WebhookSecretError):
        Webhooks({"crm": Subscription(url="https://crm.example", secret=secret)}, httpx.AsyncClient())


def test_a_secret_is_not_shown():
    assert SECRET not in repr(Subscription(url="https://crm.example", secret=SECRET))
