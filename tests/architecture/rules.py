"""The house rules on sources, each a function to the violations it finds. Who may import whom stands in pyproject.toml."""

import ast
import re
import sys
from collections.abc import Callable, Iterable

from tests.architecture.sources import Source

Rule = Callable[[Iterable[Source]], list[str]]

DRIVERS = ("motor", "pymongo", "gridfs", "bson")
KAFKA = ("faststream", "aiokafka")
KAFKA_CALLS = frozenset({"subscriber", "AIOKafkaConsumer", "KafkaBroker"})
SHAPELESS = frozenset({"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"})
MAX_LINES = 300
MAX_FUNCTION_LINES = 40
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
OVERDUE: frozenset[str] = frozenset()
"""Longer than the ceiling and still to be parted; whoever parts one takes its name off this list (a test insists)."""
PURE = re.compile(
    r"services/\w+/domain(/\w+)?\.py|shared/catalogue/\w+\.py|shared/calendar/\w+\.py|shared/ledger/messages\.py"
    r"|shared/tables/(cells|columns|faults|harmless|labels|mapping|offers|rows)\.py"
)
READS_FILES = frozenset({"shared/catalogue/load.py", "shared/calendar/almanac.py"})
"""The pure rooms' modules whose duty is to read files: they are called at start-up, never by a decision."""
IO = (
    "asyncio",
    "concurrent",
    "fastapi",
    "ftplib",
    "http",
    "httpx",
    "io",
    "multiprocessing",
    "os",
    "pathlib",
    "random",
    "requests",
    "secrets",
    "shared.http",
    "shared.messaging",
    "shared.people",
    "shared.service",
    "shared.storage",
    "shared.telemetry",
    "shutil",
    "smtplib",
    "socket",
    "ssl",
    "structlog",
    "subprocess",
    "tempfile",
    "threading",
    "time",
    "urllib",
    "uvicorn",
    *DRIVERS,
    *KAFKA,
)
CLOCKS_AND_DICE = frozenset({"now", "utcnow", "today", "uuid1", "uuid4", "open", "urandom", "getenv", "input", "print"})


def schemas_import_pydantic_alone(files: Iterable[Source]) -> list[str]:
    """The contract can be taken along by anybody who has pydantic (and orjson, for the digest)."""
    allowed = {"pydantic", "orjson", *sys.stdlib_module_names}
    return [
        f"{file.path} imports {name}"
        for file in files
        if file.path.startswith("shared/schemas/")
        for name in sorted(file.imports)
        if name.split(".")[0] not in allowed and not f"{name}.".startswith("shared.schemas.") and name != "shared"
    ]


def only_messaging_consumes(files: Iterable[Source]) -> list[str]:
    """There is one consumer in the house; a second way to consume would have none of its guarantees."""
    return [
        f"{file.path} calls {name}"
        for file in files
        if not file.path.startswith("shared/messaging/")
        for name in sorted(file.calls & KAFKA_CALLS)
    ]


def domains_are_pure(files: Iterable[Source]) -> list[str]:
    """Decisions take values and return values: no I/O, no clock, no dice."""
    rooms = [file for file in files if PURE.fullmatch(file.path) and file.path not in READS_FILES]
    imported = [f"{file.path} imports {package}" for file in rooms for package in IO if file.reaches(package)]
    return imported + [f"{file.path} calls {name}" for file in rooms for name in sorted(file.calls & CLOCKS_AND_DICE)]


def files_are_short(files: Iterable[Source]) -> list[str]:
    """When a file grows past the ceiling, a concept is missing."""
    return [
        f"{file.path} has {lines} lines"
        for file in files
        if (lines := len(file.text.splitlines())) > MAX_LINES and file.path not in OVERDUE
    ]


def functions_are_short(files: Iterable[Source]) -> list[str]:
    """As files are. A function inside another counts for itself, not for the one around it."""
    return [
        f"{file.path}: {function.name} has {lines} lines"
        for file in files
        for function in ast.walk(file.tree)
        if isinstance(function, FUNCTION) and (lines := _own_lines(function)) > MAX_FUNCTION_LINES
    ]


def _own_lines(function: ast.AST) -> int:
    """The lines of a function from `def` on, without those of the functions that are defined in it."""
    inside: set[int] = set()
    for node in ast.walk(function):
        if isinstance(node, FUNCTION) and node is not function:
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            inside |= set(range(first, (node.end_lineno or first) + 1))
    assert isinstance(function, FUNCTION)
    return len(set(range(function.lineno, (function.end_lineno or function.lineno) + 1)) - inside)


def modules_have_telling_names(files: Iterable[Source]) -> list[str]:
    return [f"{file.path} is called {part}" for file in files for part in file.module.split(".") if part in SHAPELESS]


def modules_say_their_duty(files: Iterable[Source]) -> list[str]:
    """Each module opens with a sentence."""
    return [f"{file.path} says nothing" for file in files if not (file.tree.body and _sentence(file))]


def _sentence(file: Source) -> bool:
    first = (file.tree.body[0], getattr(file.tree.body[0], "value", None))
    text = getattr(first[1], "value", None)
    return isinstance(text, str) and len(text.split()) > 3


def locked(text: str) -> list[str]:
    """What is wrong with a requirements lock: a package without version or hash, or an address of a registry."""
    entries = [entry for entry in re.split(r"(?<!\\)\n", text) if entry.strip() and not entry.lstrip().startswith("#")]
    wrong = [f"no exact version: {entry.split()[0]}" for entry in entries if not re.match(r"[A-Za-z0-9._\[\]-]+==\S+", entry)]
    wrong += [f"no hash: {entry.split()[0]}" for entry in entries if not re.search(r"--hash=sha256:[0-9a-f]{64}", entry)]
    wrong += [
        f"an address: {line.strip()}" for line in text.splitlines() if re.search(r"://|--(extra-)?index-url|--find-links", line)
    ]
    return wrong
