"""`python -m infra.kafka [--brokers 3]`: Kafka in the foreground, with its address and all topics; Ctrl-C ends it."""

import argparse
import asyncio
import sys
from pathlib import Path

from infra.embedded.programs import ProgramError
from infra.kafka.cluster import Cluster
from infra.topics import TopicError


async def run(cluster: Cluster) -> None:
    """Start `cluster`, tell its address, and keep it until cancelled."""
    try:
        await cluster.start()
        print(f"Kafka is ready at {cluster.address}; Ctrl-C ends it.", flush=True)
        await asyncio.Event().wait()
    finally:
        await cluster.stop()


def main() -> int:
    """Exit status 1: Kafka cannot run here, or did not start."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1)
    parser.add_argument("--folder", type=Path, default=Path("var/kafka"))
    arguments = parser.parse_args()
    try:
        asyncio.run(run(Cluster(arguments.folder, arguments.brokers)))
    except (ProgramError, TopicError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
