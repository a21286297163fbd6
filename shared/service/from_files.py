"""Settings whose values lie in files: BACKLINE_X_FILE names the file that holds BACKLINE_X, as secrets are mounted.

Invariant: a value is given in one way, and a file that says nothing is refused, so that no secret is ever empty by accident.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

LARGEST = 256 * 1024
SUFFIX = "_FILE"


def given(names: Iterable[str], environ: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The values of the variables `names` by name, and what is wrong with their files."""
    values, faults = {name: environ[name] for name in names if name in environ}, []
    for name in names:
        path = environ.get(name + SUFFIX)
        if path is None:
            continue
        if name in environ:
            faults.append(f"{name} and {name}{SUFFIX} are both set; keep one")
            continue
        try:
            values[name] = _content(path)
        except (OSError, ValueError) as error:
            faults.append(f"{name}{SUFFIX}: {path} cannot be used ({error}); give a readable file that holds the value")
    return values, faults


def _content(path: str) -> str:
    """What is in the file, without the line's end behind it. Raises OSError and ValueError."""
    try:
        with Path(path).open("rb") as file:
            raw = file.read(LARGEST + 1)
    except OSError as error:
        raise ValueError(type(error).__name__) from error
    value = raw.decode("utf-8").rstrip("\r\n")
    if not value.strip() or len(raw) > LARGEST:
        raise ValueError("it is empty" if len(raw) <= LARGEST else f"it is larger than {LARGEST} bytes")
    return value
