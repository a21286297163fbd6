"""Programs for tests that run on Java: their jars come from Maven Central, by a small pom each. Nothing is built."""

import fcntl
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from infra.embedded.programs import ProgramError

FETCH_SECONDS = 90
COMMAND_SECONDS = 60


def lacking(oldest_java: int) -> str | None:
    """What this machine lacks to run such programs, with the remedy; None when it can."""
    if shutil.which("mvn") is None:
        return "Maven is not installed (Debian: apt-get install maven)"
    if shutil.which("java") is None:
        return "Java is not installed (Debian: apt-get install openjdk-17-jre-headless)"
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < oldest_java:
        return f"Java {oldest_java} or later is needed; this is {said.splitlines()[0] if said else 'unknown'}"
    return None


def fetch(pom: Path, jars: Path, *, holding: str) -> None:
    """Bring the jars that `pom` names into `jars`, unless one like `holding` is there. Raises ProgramError when they do not come.

    They are there all at once or not at all; who comes while another process fetches them waits for it.
    """
    if _fetched(jars, holding):
        return
    jars.parent.mkdir(parents=True, exist_ok=True)
    with jars.with_name(f"{jars.name}.lock").open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _fetched(jars, holding):
            return
        draft = jars.with_name(f"{jars.name}.draft")
        for left in (draft, jars):
            shutil.rmtree(left, ignore_errors=True)
        to = f"-DoutputDirectory={draft.absolute()}"
        run(["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", to], FETCH_SECONDS)
        draft.rename(jars)


def run(command: Sequence[str], seconds: float) -> None:
    """Run `command` to its end. Raises ProgramError with what it said when it fails or takes longer than `seconds`."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired as error:
        raise ProgramError(f"{command[0]} took longer than {seconds:.0f} s: {' '.join(command)}") from error
    if done.returncode:
        raise ProgramError(f"{' '.join(command)} failed: {(done.stdout + done.stderr)[-1500:]}")


def _fetched(jars: Path, holding: str) -> bool:
    return any(jars.glob(holding))
