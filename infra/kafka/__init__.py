"""Apache Kafka itself, for tests: its jars come from Maven Central, it needs Java 17 and Maven, and no Docker."""

from infra.kafka.cluster import Cluster, fetch, lacking

__all__ = ["Cluster", "fetch", "lacking"]
