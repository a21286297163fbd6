"""Creates every declared topic on a broker, and checks that those that exist have the declared partitions; and its ACLs."""

import asyncio
from collections.abc import Sequence

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from aiokafka.protocol.admin import CreateAclsRequest

from infra.acls import Acl
from shared.messaging.security import PLAIN, Security
from shared.schemas.topics import TOPICS, Topic, topics_of

ADMIN_SECONDS = 30
TOLD_SECONDS = 0.2


class TopicError(Exception):
    """A topic could not be created or differs from its declaration."""


async def create_topics(
    address: str, replication: int = 1, *, fresh: bool = False, units: Sequence[str] = (), security: Security = PLAIN
) -> None:
    """Create what is missing, the pair of each of `units` included; safe to repeat.

    `fresh` says that the broker was started this moment and has forgotten everything: a topic that is there already was
    made by the broker itself for a client that dialled first, with partitions of the broker's choosing, and is made anew.

    Raises TopicError for a topic that cannot be made or has other partitions, and for a broker that cannot be used.
    """
    admin, declared = AIOKafkaAdminClient(bootstrap_servers=address.split(","), **security.client()), (*TOPICS, *topics_of(units))
    try:
        async with asyncio.timeout(ADMIN_SECONDS):
            await admin.start()
            existing = await _create(admin, declared, replication)
            while fresh and existing:
                await admin.delete_topics([topic.name for topic in existing])
                existing = await _create(admin, existing, replication)
            await _ensure_partitions(admin, declared)
    except (KafkaError, OSError, TimeoutError) as error:
        raise TopicError(f"The broker at {address} could not be used ({type(error).__name__}); see whether it runs.") from error
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, topics: Sequence[Topic], replication: int) -> list[Topic]:
    """Create `topics`; those that were there already."""
    wanted = [
        NewTopic(
            topic.name,
            topic.partitions,
            replication,
            topic_configs={"cleanup.policy": topic.cleanup, "max.message.bytes": str(topic.max_message_bytes)},
        )
        for topic in topics
    ]
    response = await admin.create_topics(wanted)
    errors = {name: for_code(code) for name, code, *_ in response.topic_errors if code}
    for name, error in errors.items():
        if error is not TopicAlreadyExistsError:
            raise TopicError(f"Topic {name} could not be created: {error.__name__}")
    return [topic for topic in topics if topic.name in errors]


async def _ensure_partitions(admin: AIOKafkaAdminClient, declared: Sequence[Topic]) -> None:
    """Co-partitioning rests on every request topic having as many partitions as it is declared with."""
    found = await _partitions(admin, declared)
    while not all(found.values()):  # the other brokers of a cluster hear of a new topic a moment later
        await asyncio.sleep(TOLD_SECONDS)
        found = await _partitions(admin, declared)
    for topic in declared:
        if found[topic.name] != topic.partitions:
            raise TopicError(
                f"Topic {topic.name} has {found[topic.name]} partitions and is declared with {topic.partitions}; "
                "delete it while nothing is running, let this create it, and run `backline replay`."
            )


async def _partitions(admin: AIOKafkaAdminClient, declared: Sequence[Topic]) -> dict[str, int]:
    """How many partitions the broker that answers knows each declared topic to have; 0: it has not heard of it."""
    described = await admin.describe_topics([topic.name for topic in declared])
    known = {topic["topic"]: len(topic["partitions"]) for topic in described}
    return {topic.name: known.get(topic.name, 0) for topic in declared}


async def answers(address: str, security: Security = PLAIN) -> bool:
    """Whether a broker at `address` answers. Knocks first, since the client logs every refusal."""
    try:
        _, knock = await asyncio.open_connection(*address.rsplit(":", 1))
        knock.close()
    except OSError:
        return False
    admin = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=1000, **security.client())
    try:
        async with asyncio.timeout(3):
            await admin.start()
            return True
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await admin.close()


RESOURCES = {"topic": 2, "group": 3}
OPERATIONS = {"Read": 3, "Write": 4, "Describe": 8}
LITERAL, PREFIXED, ALLOW = 3, 4, 3
"""The numbers of Kafka's protocol (org.apache.kafka.common.acl and .resource)."""


async def create_acls(address: str, acls: Sequence[Acl], security: Security) -> None:
    """Allow what `acls` say; what is allowed already stays so. Raises TopicError when the broker does not take one."""
    client = AIOKafkaClient(bootstrap_servers=address.split(","), **security.client())
    try:
        async with asyncio.timeout(ADMIN_SECONDS):
            await client.bootstrap()
            for acl in acls:
                answer = await client.send(client.get_random_node(), _creation(acl))
                for code, message in answer.creation_responses:
                    if code:
                        raise TopicError(f"{acl} was not taken: {for_code(code).__name__} {message or ''}")
    except (KafkaError, OSError, TimeoutError) as error:
        raise TopicError(f"The broker at {address} could not be used ({type(error).__name__}); see whether it runs.") from error
    finally:
        await client.close()


def _creation(acl: Acl) -> CreateAclsRequest:
    pattern = PREFIXED if acl.prefixed else LITERAL
    return CreateAclsRequest(
        RESOURCES[acl.resource], acl.name, pattern, f"User:{acl.principal}", "*", OPERATIONS[acl.operation], ALLOW
    )
