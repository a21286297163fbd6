"""Reads policy packs from folders <root>/<name>/<version>/*.yaml; a pack with a fault is refused whole, with the place named."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from shared.catalogue.pack import Pack, fold

SHIPPED = Path(__file__).parent / "packs"
HEAD = "pack.yaml"


class PackError(Exception):
    """A pack cannot be used; the message names file, key and remedy."""


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
    digest = hashlib.sha256(json.dumps([content, types], sort_keys=True, ensure_ascii=False, default=str).encode()).hexdigest()[
        :16
    ]
    try:
        pack = Pack.model_validate({**content, "types": types, "hash": digest})
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors()[:5])
        raise PackError(f"{folder.parent.name} {folder.name}: {faults}") from error
    _check(pack)
    return pack


def _yaml(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise PackError(f"{file.name} is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise PackError(f"{file.name} must hold a mapping.")
    return content


def _check(pack: Pack) -> None:
    """Every name one part of the pack uses must be defined by another."""
    _check_head(pack)
    for kind in pack.types.values():
        names = {name for condition in kind.preconditions for name in condition.any_of}
        if unknown := names - pack.preconditions.keys():
            raise PackError(f"{kind.key}: preconditions {sorted(unknown)} are not defined in {HEAD}.")
        roles = {kind.coordinator, *(seat.role for seat in kind.supporters)}
        if unknown := roles - pack.roles.keys():
            raise PackError(f"{kind.key}: roles {sorted(unknown)} are not defined in {HEAD}.")
        if kind.form not in pack.forms:
            raise PackError(f"{kind.key}: form {kind.form} is not defined in {HEAD}.")
        if kind.output.formats and kind.output.formats not in kind.fields:
            raise PackError(f"{kind.key}: output.formats names the field {kind.output.formats}, which the type does not have.")
        if unknown := kind.later_without.keys() - pack.preconditions.keys():
            raise PackError(f"{kind.key}: later_without names {sorted(unknown)}, which {HEAD} does not define.")
        if unknown := {field for fields in kind.later_without.values() for field in fields} - kind.fields.keys():
            raise PackError(f"{kind.key}: later_without names the fields {sorted(unknown)}, which the type does not have.")


def _check_head(pack: Pack) -> None:
    if not all(part.isdecimal() for part in pack.version.split(".")):
        raise PackError(f"{pack.name}: version {pack.version} must be numbers with dots between, such as 1.2.0.")
    if unknown := {*pack.may_submit, *pack.pool_coordinator.values()} - pack.roles.keys():
        raise PackError(f"{HEAD}: roles {sorted(unknown)} are not defined under roles.")
    for name, precondition in pack.preconditions.items():
        if unknown := {*(precondition.evidence or ())} - {*pack.evidence_kinds}:
            raise PackError(f"{HEAD}: precondition {name}: evidence {sorted(unknown)} is not among evidence_kinds.")
        if precondition.proof and precondition.proof.request not in pack.types:
            raise PackError(f"{HEAD}: precondition {name}: there is no type {precondition.proof.request} to prove it.")
    names: dict[str, str] = {}
    for kind in pack.types.values():
        for name in {fold(name) for name in (kind.key, kind.label.zh, kind.label.en, *kind.aliases)}:
            if name in names:
                raise PackError(f"{names[name]} and {kind.key} are both called {name}; rename one.")
            names[name] = kind.key
