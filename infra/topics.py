"""Creates every declared topic on a broker, and checks that those that exist have the declared partitions."""

import asyncio

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from shared.schemas.topics import TOPICS

ADMIN_SECONDS = 30


class TopicError(Exception):
    """A topic could not be created or differs from its declaration."""


async def create_topics(address: str, replication: int = 1) -> None:
    """Create what is missing. Raises TopicError for a topic that cannot be made."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    async with asyncio.timeout(ADMIN_SECONDS):
        await admin.start()
        try:
            wanted = [
                NewTopic(
                    topic.name,
                    topic.partitions,
                    replication,
                    topic_configs={"cleanup.policy": topic.cleanup, "max.message.bytes": str(topic.max_message_bytes)},
                )
                for topic in TOPICS
            ]
            response = await admin.create_topics(wanted)
            for name, code, *_ in response.topic_errors:
                error = for_code(code)
                if code and error is not TopicAlreadyExistsError:
                    raise TopicError(f"Topic {name} could not be created: {error.__name__}")
        finally:
            await admin.close()


async def answers(address: str) -> bool:
    """Whether a broker at `address` answers."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=1000)
    try:
        async with asyncio.timeout(3):
            await admin.start()
            return True
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await admin.close()
