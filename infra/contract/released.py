"""The stored contract: written by `export`, compared with the models by `check`.

Invariant: a released file changes only in ways that `compatibility` allows; a change that is meant to break is a new event type.
"""

import json
from pathlib import Path

from infra.contract.compatibility import violations
from infra.contract.schemas import ASYNCAPI, contract
from shared.schemas.model import Json

RELEASED = Path(__file__).parents[2] / "shared" / "schemas" / "released"


class BrokenContractError(Exception):
    """The models would break readers of the stored contract; each line of the message is one reason."""


def export(folder: Path = RELEASED) -> int:
    """Write the contract as the models stand now; the number of files. Raises BrokenContractError and writes nothing then."""
    current = contract()
    stored, unreadable = _stored(folder)
    broken = [*unreadable, *_broken(stored, current)]
    if broken:
        raise BrokenContractError("\n".join(broken))
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in current.items():
        (folder / name).write_text(written(content), encoding="utf-8")
    return len(current)


def check(folder: Path = RELEASED) -> list[str]:
    """A sentence per breaking change of the models, or else per file that is not stored as they stand. Empty when all is well."""
    current = contract()
    stored, unreadable = _stored(folder)
    broken = _broken(stored, current)
    stale = [
        f"{name}: the stored file is not what the models say now; run `backline schemas export` and commit the result."
        for name, content in current.items()
        if name not in stored or stored[name] != content
    ]
    return [*unreadable, *broken, *(stale if not broken else ())]


def written(content: Json) -> str:
    """The content of a contract file."""
    return json.dumps(content, ensure_ascii=False, indent=2) + "\n"


def _stored(folder: Path) -> tuple[dict[str, Json], list[str]]:
    stored: dict[str, Json] = {}
    unreadable: list[str] = []
    for path in sorted(folder.glob("*.json")):
        try:
            stored[path.name] = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            unreadable.append(f"{path.name}: the stored file is no JSON in UTF-8; restore it from the last commit.")
    return stored, unreadable


def _broken(stored: dict[str, Json], current: dict[str, Json]) -> list[str]:
    found: list[str] = []
    for name, old in stored.items():
        if name not in current:
            found.append(f"{name}: it was released and no model stands for it any more; keep the model.")
        elif name == ASYNCAPI:
            found += [f"{name}: {sentence}" for sentence in _missing(old, current[name])]
        else:
            found += [f"{name}: {sentence}" for sentence in violations(old, current[name])]
    return found


def _missing(old: Json, new: Json) -> list[str]:
    """Channels and messages that the document no longer has, and topics whose partitions, which place every key, changed."""
    found: list[str] = []
    for topic, channel in old["channels"].items():
        if topic not in new["channels"]:
            found.append(f"the channel {topic} is gone; keep the topic.")
            continue
        now = new["channels"][topic]
        found += [f"{topic} no longer carries {name}; keep it." for name in channel["messages"] if name not in now["messages"]]
        before, after = (side["bindings"]["kafka"]["partitions"] for side in (channel, now))
        if before != after:
            found.append(f"{topic} had {before} partitions and has {after}; keys would move, so make a new topic.")
    return found
