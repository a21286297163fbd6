"""One user of the database for each service, who may read and write that service's database and nothing else."""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from shared.schemas.envelope import SOURCES

OPTIONS = "replicaSet=rs0&w=majority&journal=true&readConcernLevel=majority&retryWrites=true&timeoutMS=20000"


def database_of(service: str) -> str:
    """The database that `service` owns, as its settings say when nothing else is set."""
    return f"backline_{service}"


def user_of(service: str, password: str) -> dict[str, object]:
    """The createUser command of a service: its one role is on its own database. Users live in `admin`."""
    role = {"role": "readWrite", "db": database_of(service)}
    return {"createUser": service, "pwd": password, "roles": [role], "mechanisms": ["SCRAM-SHA-256"]}


def uri_of(service: str, password: str, hosts: str, options: str = OPTIONS) -> str:
    """The BACKLINE_MONGO_URI of a service."""
    return f"mongodb://{quote(service, safe='')}:{quote(password, safe='')}@{hosts}/?authSource=admin&{options}"


def script(folder: Path, hosts: str = "") -> str:
    """What mongosh makes the users with; the services' URIs are put in `folder`, never over one that is there. Raises OSError."""
    passwords: dict[str, str] = {service: secrets.token_urlsafe(24) for service in SOURCES}
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for service, password in passwords.items():
        _keep(folder / f"mongo-{service}.uri", uri_of(service, password, hosts or "mongo:27017"))
    return created(passwords)


def created(passwords: Mapping[str, str]) -> str:
    """The lines for mongosh."""
    lines = [f"db.getSiblingDB('admin').runCommand({json.dumps(user_of(name, word))});" for name, word in passwords.items()]
    return "\n".join(lines)


def _keep(file: Path, text: str) -> None:
    """Write a file that only its owner reads. Raises FileExistsError rather than lose a password that is in use."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
        opened.write(text + "\n")
