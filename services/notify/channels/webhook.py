"""Generic webhooks, signed by Standard Webhooks 1.0; the receiver drops repetitions by `webhook-id`, so a doubt is sent again."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import httpx
import orjson

from services.notify.channels.retry_after import seconds_of
from shared.callbacks.secrets import PREFIX, signature
from shared.ledger.effects import Done, Ending, Retry, Terminal
from shared.schemas.model import Json

LONGEST_WAIT = 3600.0
UNUSABLE_KEY = "A webhook's secret must be whsec_ and the base64 of 24 to 64 bytes; correct it in the settings."


class WebhookSecretError(Exception):
    """A subscription's secret is not of the form whsec_<base64>."""


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """Who wants to hear: an https address (http on loopback) and the shared secret, `whsec_` and base64 of 24–64 bytes."""

    url: str
    secret: str = field(repr=False)

    @property
    def key(self) -> bytes:
        """The signing key. Raises WebhookSecretError."""
        try:
            key = base64.b64decode(self.secret.removeprefix(PREFIX), validate=True)
        except ValueError as error:
            raise WebhookSecretError(UNUSABLE_KEY) from error
        if not self.secret.startswith(PREFIX) or not 24 <= len(key) <= 64:
            raise WebhookSecretError(UNUSABLE_KEY)
        return key


class Webhooks:
    """Posts to the subscriptions by name. Raises WebhookSecretError when built with a secret that cannot sign."""

    def __init__(self, subscriptions: Mapping[str, Subscription], client: httpx.AsyncClient, *, timeout: float = 10.0) -> None:
        self._subscriptions = subscriptions
        self._keys = {name: subscription.key for name, subscription in subscriptions.items()}
        self._client = client
        self._timeout = timeout

    @property
    def names(self) -> tuple[str, ...]:
        """The subscriptions, in the order of their names."""
        return tuple(sorted(self._subscriptions))

    async def post(self, name: str, identity: str, payload: Json, at: datetime) -> Ending:
        """Post `payload` as JSON to the subscription `name`; `identity` stays the same on every attempt."""
        subscription = self._subscriptions.get(name)
        if subscription is None:
            return Terminal(problem=f"There is no webhook named {name} any more; add it to the settings or forget the message.")
        body = orjson.dumps(payload)
        timestamp = int(at.timestamp())
        headers = {
            "content-type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._keys[name], identity, timestamp, body),
        }
        try:
            answer = await self._client.post(
                subscription.url, content=body, headers=headers, timeout=self._timeout, follow_redirects=False
            )
        except httpx.HTTPError as error:
            return Retry(problem=f"The webhook {name} did not answer ({type(error).__name__}).")
        return _read(name, answer, at)


def _read(name: str, answer: httpx.Response, now: datetime) -> Ending:
    status = answer.status_code
    if 200 <= status < 300:
        return Done(data={"status": status})
    if status in {408, 429} or status >= 500:
        asked = seconds_of(answer.headers.get("retry-after", ""), now)
        seconds = (
            min(LONGEST_WAIT, asked) if asked else None
        )  # a moment that has passed asks for nothing: then as after any fault
        return Retry(problem=f"The webhook {name} answered {status}.", seconds=seconds)
    return Terminal(problem=f"The webhook {name} answered {status}; correct its address or its receiver.")
