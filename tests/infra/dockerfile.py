"""The Dockerfile as a list of instructions: enough of its language to run it without a container engine."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "infra" / "docker" / "Dockerfile"


@dataclass(frozen=True)
class Dockerfile:
    """(instruction, argument) in the file's order."""

    instructions: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, file: Path = FILE) -> Self:
        """Parse the file; a line that ends in a backslash goes on."""
        lines = file.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
        pairs = [line.strip().split(maxsplit=1) for line in lines if line.strip() and not line.startswith("#")]
        return cls(tuple((word.upper(), argument) for word, argument in pairs))

    def all(self, word: str) -> list[str]:
        """The arguments of every `word`."""
        return [argument for name, argument in self.instructions if name == word]

    @property
    def entrypoint(self) -> list[str]:
        """What every container runs."""
        found: list[str] = json.loads(self.all("ENTRYPOINT")[-1])
        return found

    @property
    def command(self) -> list[str]:
        """What it runs when nothing else is said."""
        found: list[str] = json.loads(self.all("CMD")[-1])
        return found
