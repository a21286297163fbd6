"""Which code it was: a figure or a verdict holds for that alone."""

import hashlib
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]


def commit() -> str:
    """The commit of this working copy, with a digest of what was changed since; "unknown" where there is no repository."""
    changed = _git("diff", "HEAD")
    return (
        _git("describe", "--always") + (f"-{hashlib.sha256(changed.encode()).hexdigest()[:8]}" if changed else "")
    ) or "unknown"


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
