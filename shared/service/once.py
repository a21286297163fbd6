"""Commands that clients name with an Idempotency-Key: one name, one command, one answer (docs/decisions/0024).

Invariant: nobody is answered before the answer is kept, and whoever asks again under the same name is given the one that is kept.
A name that was written down without an answer (its process was killed, or is still at work) hinders nobody, and is forgotten after a
week: the ledger knows a
command by its id, so carrying it out again changes nothing, and of several answers the first one kept is everybody's.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.model import Frozen, Json, Text

M = TypeVar("M", bound=Frozen)
KEY_REUSED = Refusal(
    code="idempotency_key_reused",
    status=422,
    message=Text(
        zh="这个 Idempotency-Key 已用于另一内容或另一操作，此次什么都没有改变；请原样重发当时的内容，新的操作请用新的键。",
        en="This Idempotency-Key was used with another body or for another operation, and nothing was changed now; "
        "send what was sent under it, or use a new key for something new.",
    ),
)


class Keys(Protocol):
    """Where names are kept; see MongoKeys."""

    async def claim(self, name: str, wish: Json) -> Json | None: ...
    async def settle(self, name: str, answer: str, *, instead_of: str | None = None) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is asked for under `name`, which no two callers share: an operation on a subject, with a body (any JSON)."""

    name: str
    operation: str
    subject: str
    body: object

    @property
    def kept(self) -> Json:
        """What is written down of it: of the body its digest alone, since bodies hold personal values."""
        canonical = json.dumps([self.operation, self.subject, self.body], ensure_ascii=False, sort_keys=True)
        fingerprint = hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
        return {"operation": self.operation, "subject": self.subject, "fingerprint": fingerprint}


@dataclass(frozen=True, kw_only=True)
class Given(Generic[M]):
    """An answer, and whether it was given to the same name before."""

    answer: M
    repeated: bool


def named(*parts: str) -> str:
    """The name under which a caller's key is kept: whose it is (kind and id), and the key. No two callers share one."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _always(_answer: object) -> bool:
    return True


class Once(Generic[M]):
    """Answers of one kind, `model`, by name."""

    def __init__(self, model: type[M], keys: Keys) -> None:
        self._model = model
        self._keys = keys

    async def bind(self, wish: Wish) -> str | None:
        """Write down what the name stands for; the answer that is kept under it, if any. Raises Refused (see `answer`)."""
        wanted = wish.kept
        earlier = await self._keys.claim(wish.name, wanted)
        if earlier is not None and earlier["fingerprint"] != wanted["fingerprint"]:
            raise Refused(KEY_REUSED)
        return earlier.get("answer") if earlier else None

    async def stand(self, wish: Wish) -> None:
        """Let the name stand for `wish` for good, which is answered in parts of its own. Raises Refused (see `answer`)."""
        if await self.bind(wish) is None:
            await self._keys.settle(wish.name, "")

    async def answer(
        self,
        wish: Wish,
        perform: Callable[[], Awaitable[M]],
        *,
        kept: Callable[[M], bool] = _always,
        final: Callable[[M], bool] = _always,
    ) -> Given[M]:
        """What `perform` answers, or answered to the same wish before. Raises Refused for a name that asked for something else.

        An answer that is not to be `kept`, or is raised, changed nothing: the next one under the name is judged anew. One that is
        not `final` is repeated until performing again gives a final one, which then stands in its place.
        """
        stored = await self.bind(wish)
        before = None if stored is None else self._model.model_validate_json(stored)
        if before is not None and final(before):
            return Given(answer=before, repeated=True)
        made = await perform()
        if not kept(made):
            return Given(answer=made, repeated=False)
        if before is not None and not final(made):
            return Given(answer=before, repeated=True)
        told = made.model_dump_json()
        stands = await self._keys.settle(wish.name, told, instead_of=stored)
        return Given(answer=self._model.model_validate_json(stands), repeated=stored is not None or stands != told)
