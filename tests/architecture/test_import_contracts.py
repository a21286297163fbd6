"""Each import contract of pyproject.toml is kept by the sources, and is broken by an import that it is there to forbid."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import ROOMS, ROOT

OFFENCES = [
    ("Services know each other", "services/notify/domain.py", "from services.intake.domain import RequestDomain"),
    ("Services know each other", "services/notify/app.py", "def late():\n    import services.routing.app"),
    ("What is shared does not know", "shared/ledger/apply.py", "from services.notify import app"),
    ("What is shared does not know", "services/notify/app.py", "from infra import topics"),
    ("Decisions reach no database", "services/routing/domain/decisions.py", "import shared.storage"),
    ("Decisions reach no database", "services/routing/domain/decisions.py", "import services.routing.projection"),
    ("Only storage imports", "services/intake/projection.py", "if True:\n    from bson import ObjectId"),
    ("Only messaging imports", "services/intake/app.py", "from aiokafka import AIOKafkaProducer"),
    ("Only messaging imports", "shared/telemetry/health.py", "import faststream"),
    ("A rebuild has nothing to decide", "shared/ledger/rebuilding.py", "from shared.ledger.draft import Draft"),
    ("A restore has nothing to say", "shared/ledger/restoring.py", "from shared.ledger.publishing import Publishing"),
    ("A restore has nothing to say", "shared/ledger/proving.py", "from shared.ledger.deciding import Deciding"),
    ("A rebuild has nothing to decide", "shared/ledger/folding.py", "from shared.ledger import gaps"),
]


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The product's sources beside its pyproject.toml, free to be spoiled."""
    folder = tmp_path_factory.mktemp("sources")
    for room in ROOMS:
        shutil.copytree(
            ROOT / room,
            folder / room,
            ignore=lambda where, names: [
                name for name in names if not (Path(where) / name).is_dir() and not name.endswith(".py")
            ],
        )
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.fixture
def spoiled(copied: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """The copy with one import added; taken back afterwards."""
    path, offence = request.param
    file = copied / path
    text = file.read_text(encoding="utf-8")
    file.write_text(f"{text}\n{offence}\n", encoding="utf-8")
    yield copied
    file.write_text(text, encoding="utf-8")


def verdicts(folder: Path) -> dict[str, str]:
    """What the linter says of each contract: KEPT or BROKEN."""
    linter = Path(sys.executable).with_name("lint-imports")
    wide = {**os.environ, "COLUMNS": "200"}
    said = subprocess.run([linter, "--no-cache", "--no-logo"], cwd=folder, env=wide, capture_output=True, text=True, check=False)
    lines = [line.rsplit(" ", 1) for line in said.stdout.replace(" (1 ignored import)", "").splitlines()]
    found = {line[0]: line[1] for line in lines if len(line) == 2 and line[1] in {"KEPT", "BROKEN"}}
    assert found, said.stdout + said.stderr
    return found


def test_the_sources_keep_every_contract(copied: Path):
    kept = verdicts(copied)
    assert set(kept.values()) == {"KEPT"}
    assert all(any(name.startswith(contract) for contract, _, _ in OFFENCES) for name in kept), "a contract without control"


@pytest.mark.parametrize(
    ("contract", "spoiled"),
    [(contract, (path, offence)) for contract, path, offence in OFFENCES],
    indirect=["spoiled"],
    ids=[offence[-40:] for _, _, offence in OFFENCES],
)
def test_a_forbidden_import_breaks_its_contract(contract: str, spoiled: Path):
    broken = [name for name, verdict in verdicts(spoiled).items() if verdict == "BROKEN"]
    assert any(name.startswith(contract) for name in broken), broken
