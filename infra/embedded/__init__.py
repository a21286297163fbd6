"""The real broker and database that come from the package registry: no Docker, no Java, nothing installed by hand."""

from infra.embedded.broker import Broker
from infra.embedded.mongod import Mongod
from infra.embedded.programs import ProgramError, free_port

__all__ = ["Broker", "Mongod", "ProgramError", "free_port"]
