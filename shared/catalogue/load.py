"""Reads policy packs from folders <root>/<name>/<version>/*.yaml; a pack with a fault is refused whole, with the place named."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from shared.catalogue.pack import Pack
from shared.catalogue.soundness import HEAD, PackError, check
from shared.catalogue.strict_yaml import parse_yaml

__all__ = ["SHIPPED", "PackError", "load_pack", "load_packs", "newest"]
SHIPPED = Path(__file__).parent / "packs"


def load_packs(root: Path = SHIPPED) -> dict[tuple[str, str], Pack]:
    """Every pack under `root`, by (name, version)."""
    packs = [_read(head.parent) for head in sorted(root.glob(f"*/*/{HEAD}"))]
    if not packs:
        raise PackError(f"There is no policy pack under {root.name}; expected <name>/<version>/{HEAD}.")
    return {(pack.name, pack.version): pack for pack in packs}


def load_pack(name: str = "sales-support", version: str | None = None, root: Path = SHIPPED) -> Pack:
    """One pack, in its latest version unless another is named."""
    packs = load_packs(root)
    if version is None:
        return newest(packs, name)
    if (name, version) not in packs:
        raise PackError(f"There is no version {version} of the policy pack {name}.")
    return packs[(name, version)]


def newest(packs: Mapping[tuple[str, str], Pack], name: str) -> Pack:
    """The latest version of the pack called `name`."""
    versions = [pack for (pack_name, _), pack in packs.items() if pack_name == name]
    if not versions:
        raise PackError(f"There is no policy pack named {name}.")
    return max(versions, key=lambda pack: [int(part) for part in pack.version.split(".")])


def _read(folder: Path) -> Pack:
    content: dict[str, Any] = _yaml(folder / HEAD)
    types: dict[str, Any] = {}
    for file in sorted(folder.glob("*.yaml")):
        if file.name != HEAD:
            for key, kind in _yaml(file).items():
                if key in types:
                    raise PackError(f"{file.name}: type {key} is defined twice; remove one.")
                if not isinstance(kind, dict):
                    raise PackError(f"{file.name}: type {key} must be a mapping of label, fields and the rest.")
                types[key] = {**kind, "key": key}
    canonical = json.dumps([content, types], sort_keys=True, ensure_ascii=False, default=str)
    digest = hashlib.sha256(canonical.encode()).hexdigest()[:16]
    try:
        pack = Pack.model_validate({**content, "types": types, "hash": digest})
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors()[:5])
        raise PackError(f"{folder.parent.name} {folder.name}: {faults}") from error
    check(pack)
    if pack.version != folder.name or pack.name != folder.parent.name:
        raise PackError(f"{HEAD} in {folder.parent.name}/{folder.name} says {pack.name} {pack.version}; name the folders so.")
    return pack


def _yaml(file: Path) -> dict[str, Any]:
    try:
        content = parse_yaml(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise PackError(f"{file.name} is not UTF-8 (byte {error.start}); save it as UTF-8.") from error
    except yaml.YAMLError as error:
        raise PackError(f"{file.name} is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise PackError(f"{file.name} must hold a mapping.")
    return content
