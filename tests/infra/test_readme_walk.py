"""README's walk, typed as it stands: every command of it works on a stack that somebody just started."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.test_command_line_stack import backline_up

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]
ROOT = Path(__file__).resolve().parents[2]


def walk() -> str:
    """The commands under the heading, comments and all."""
    section = re.search(r"^## A walk\n(.*?)^## ", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert section is not None
    return "\n".join(line.removeprefix("    ") for line in section[1].splitlines() if line.startswith("    "))


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A checkout as a newcomer has it, with a stack in its `var`."""
    place = tmp_path_factory.mktemp("checkout")
    for name in ("infra", "services", "shared"):
        (place / name).symlink_to(ROOT / name)
    with backline_up(place / "var"):
        yield place


def test_every_command_of_the_walk_works_and_a_document_comes_out(workplace: Path) -> None:
    command = workplace / "backline"
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m infra.cli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    environment = {**os.environ, "PATH": f"{workplace}:{os.environ['PATH']}"}
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", walk()],
        cwd=workplace,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
    assert '"status":"completed"' in ran.stdout.replace(" ", "")
    (document,) = (workplace / "var").glob("survey.*")
    assert document.read_bytes().startswith(b"%PDF"), ran.stdout[-2000:]
