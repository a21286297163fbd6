"""Who looks at requests for a caller says how far that caller may see: no address reaches a read without a sight."""

import ast
from collections.abc import Iterable

from tests.architecture.sources import Source

FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
ALLOWED_OF_PROJECTIONS = frozenset({"FILTERS", "Page"})
"""What an address may take from a projection: names and values, nothing that reads."""
STORES = frozenset({"Collection", "Database", "MongoDeadLetters", "MongoLedgerStore", "MongoPeopleStore", "connect"})
SPEAKS_FOR_OURSELVES = frozenset({"shared/http/principal.py"})
WIDER = frozenset({"whole", "stands_in_for", None})
"""What a sight is given to show more than one's own; None is whatever stands in a mapping."""


def _is_api(file: Source) -> bool:
    parts = file.path.split("/")
    return parts[0] == "services" and (parts[2] == "api" or parts[2] == "api.py") if len(parts) > 2 else False


def addresses_read_by_sight(files: Iterable[Source]) -> list[str]:
    """An address holds no projection and no collection; what it reads by is a port of its own, each read of which asks for a sight."""
    return [fault for file in files if _is_api(file) for fault in (*_imported(file), *_unsighted(file))]


def _imported(file: Source) -> list[str]:
    """Names of projections and stores that an address may not hold."""
    taken = [name.split(".") for name in file.imports]
    reaching = [name for *room, name in taken if room and room[-1] == "projection" and name not in ALLOWED_OF_PROJECTIONS]
    stores = [name for *room, name in taken if room[:2] == ["shared", "storage"] and name in STORES]
    return [f"{file.path} holds {name}" for name in (*reaching, *stores)]


def _unsighted(file: Source) -> list[str]:
    """Reads of a port of requests that could be asked without a sight."""
    ports = [node for node in file.tree.body if isinstance(node, ast.ClassDef) and _is_port(node)]
    reads = [
        (port, read) for port in ports for read in port.body if isinstance(read, FUNCTION) and read.name not in {"tell", "now"}
    ]
    return [f"{file.path}: {port.name}.{read.name} asks for no sight" for port, read in reads if not _asks(read)]


def _is_port(node: ast.ClassDef) -> bool:
    return any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases)


def _asks(read: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether the first argument is a Sight that has no default."""
    given = read.args.args[1:]
    wanted = len(given) - len(read.args.defaults)
    return bool(given) and wanted > 0 and isinstance(kind := given[0].annotation, ast.Name) and kind.id == "Sight"


def only_our_services_see_all(files: Iterable[Source]) -> list[str]:
    """Where a sight of everything, or of others' parts, is made: of whoever has shown who they are, and nowhere else."""
    return [
        f"{file.path} sees more than its caller's own"
        for file in files
        if file.path not in SPEAKS_FOR_OURSELVES
        if "of_our_services" in file.calls or _made_wider(file)
    ]


def _made_wider(file: Source) -> bool:
    calls = [node for node in ast.walk(file.tree) if isinstance(node, ast.Call)]
    named = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Sight"]
    return any(keyword.arg in WIDER for call in named for keyword in call.keywords)
