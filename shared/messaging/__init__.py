"""The only Kafka code: CloudEvents on the wire, one producer, one way to consume."""
