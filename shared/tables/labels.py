"""Which field a column's header means: its name in the catalogue, Chinese or English, an alias, or its path. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from shared.catalogue import FRAME_FIELDS, FRAME_LABELS, Field, Pack, RequestType
from shared.catalogue.pack import Labelled, fold

ACTIONS: Mapping[str, str] = {
    "新建": "submit",
    "提交": "submit",
    "变更": "amend",
    "修改": "amend",
    "撤回": "withdraw",
    "submit": "submit",
    "amend": "amend",
    "withdraw": "withdraw",
    "豁免": "waive",
    "waive": "waive",
}
OF_A_TABLE: Mapping[str, Labelled] = {
    "action": Labelled(zh="操作", en="Action"),
    "reason": Labelled(zh="撤回原因", en="Reason for withdrawal", aliases=("豁免原因", "Reason for waiver")),
    "precondition": Labelled(zh="豁免前提条件", en="Precondition waived"),
    "by": Labelled(zh="豁免人工号", en="Waived by"),
    "evidence": Labelled(zh="前提条件证明", en="Evidence", aliases=("证明",)),
    "attachments": Labelled(zh="附件", en="Attachments"),
    "extra": Labelled(zh="备注", en="Remarks", aliases=("Extra", "其他信息")),
}
"""What a column may hold that is no field of the frame: it is told apart by its place in a message, not by its label in a form."""
FRAME: Mapping[str, Labelled] = {
    **{".".join(path): label for path, _, label in FRAME_LABELS if path[0] != "extra"},
    **OF_A_TABLE,
}
WINDOW: Mapping[str, Labelled] = {
    "start": Labelled(zh="开始时间", en="From", aliases=("Start",)),
    "end": Labelled(zh="结束时间", en="To", aliases=("End",)),
    "place": Labelled(zh="地点", en="Place"),
    "time_zone": Labelled(zh="时区", en="Time zone"),
}
WINDOW_LABEL = "时间和地点"
FRAME_KINDS: Mapping[str, str] = {path: spec.type for path, spec in FRAME_FIELDS.items()} | {"opportunity.stage": "integer"}


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What headers mean: `frame` for every request, `details` by type. Keys are folded, values are paths."""

    frame: Mapping[str, str]
    details: Mapping[str, Mapping[str, str]]

    @classmethod
    def of(cls, pack: Pack) -> Self:
        """The names that `pack` gives."""
        frame = {fold(name): path for path, label in FRAME.items() for name in (path, *label.names)}
        return cls(frame=frame, details={key: _detail_names(kind) for key, kind in pack.types.items()})

    def path(self, header: str, kind: str | None) -> str | None:
        """The path that `header` means in a request of `kind`; None when it means no field."""
        name = fold(header)
        return self.frame.get(name) or self.details.get(kind or "", {}).get(name)


def kinds(kind: RequestType) -> dict[str, str]:
    """The type of each path below `details` of a request of `kind`."""
    found: dict[str, str] = {}
    for path, spec in _paths(kind):
        found[path] = spec.type
        if spec.type == "window":
            found |= {f"{path}.{part}": "time" if part in {"start", "end"} else "text" for part in WINDOW}
    return found


def _detail_names(kind: RequestType) -> dict[str, str]:
    """A name of a field inside another goes alone only where no other field has it; behind its field's name it always does."""
    inner = [(name, path) for path, label in _inner(kind) for name in label.names]
    times = Counter(fold(name) for name, _ in inner)
    found = {fold(name): path for name, path in inner if times[fold(name)] == 1}
    for path, label in _inner(kind):
        outer = kind.fields[path.split(".")[1]]
        found |= {fold(f"{one}.{name}"): path for one in outer.names for name in label.names}
    found |= {fold(name): f"details.{key}" for key, spec in kind.fields.items() for name in spec.names}
    return found | {fold(path): path for path in kinds(kind)}


def _inner(kind: RequestType) -> Iterator[tuple[str, Labelled]]:
    for key, spec in kind.fields.items():
        parts: Mapping[str, Labelled] = _window(spec) if spec.type == "window" else spec.fields if spec.type == "record" else {}
        yield from ((f"details.{key}.{part}", label) for part, label in parts.items())


def _window(spec: Field) -> dict[str, Labelled]:
    """The parts of a window, also behind the word of its own label: 述标时间和地点 has 述标时间起, 述标开始时间, 述标地点."""
    word = spec.zh.removesuffix(WINDOW_LABEL)
    if word == spec.zh:
        return dict(WINDOW)
    own = {"start": ("时间起", "开始时间", "时间"), "end": ("时间止", "结束时间"), "place": ("地点",), "time_zone": ("时区",)}
    return {
        part: label.model_copy(update={"aliases": (*label.aliases, *(word + name for name in own[part]))})
        for part, label in WINDOW.items()
    }


def _paths(kind: RequestType) -> Iterator[tuple[str, Field]]:
    for key, spec in kind.fields.items():
        yield f"details.{key}", spec
        if spec.type == "record":
            yield from ((f"details.{key}.{part}", inner) for part, inner in spec.fields.items())
