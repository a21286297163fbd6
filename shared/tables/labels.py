"""Which field a column's header means: its name in the catalogue, Chinese or English, an alias, or its path. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from shared.catalogue import FRAME_FIELDS, Field, Pack, RequestType
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
}
FRAME: Mapping[str, Labelled] = {
    "action": Labelled(zh="操作", en="Action"),
    "type": Labelled(zh="支持类型", en="Type", aliases=("申请类型", "申请事项", "Request type")),
    "business_unit": Labelled(zh="经营单位", en="Business unit", aliases=("所属单位", "申请部门")),
    "requester.id": Labelled(zh="申请人工号", en="Employee id", aliases=("工号",)),
    "requester.name": Labelled(zh="申请人", en="Requester", aliases=("提出人",)),
    "requester.role": Labelled(zh="申请岗位", en="Post", aliases=("岗位",)),
    "source.system": Labelled(zh="来源系统", en="Source system"),
    "source.reference": Labelled(zh="单据编号", en="Reference", aliases=("来源单号", "申请单号")),
    "opportunity.id": Labelled(zh="商机编号", en="Opportunity id", aliases=("机会编号",)),
    "opportunity.name": Labelled(zh="商机名称", en="Opportunity", aliases=("项目名称", "机会名称")),
    "opportunity.customer.id": Labelled(zh="客户编号", en="Customer id"),
    "opportunity.customer.name": Labelled(zh="客户名称", en="Customer", aliases=("客户单位",)),
    "opportunity.customer.industry": Labelled(zh="行业", en="Industry"),
    "opportunity.customer.region": Labelled(zh="区域", en="Region"),
    "opportunity.tender_no": Labelled(zh="招标编号", en="Tender no"),
    "opportunity.stage": Labelled(zh="商机阶段", en="Stage", aliases=("阶段",)),
    "needed_by": Labelled(zh="期望完成时间", en="Needed by", aliases=("需要时间", "要求完成时间")),
    "priority": Labelled(zh="紧急程度", en="Priority", aliases=("优先级",)),
    "locale": Labelled(zh="语言", en="Language"),
    "reason": Labelled(zh="撤回原因", en="Reason for withdrawal"),
    "evidence": Labelled(zh="前提条件证明", en="Evidence", aliases=("证明",)),
    "attachments": Labelled(zh="附件", en="Attachments"),
    "extra": Labelled(zh="备注", en="Remarks", aliases=("Extra", "其他信息")),
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
        frame = {fold(name): path for path, label in FRAME.items() for name in (path, *_names(label))}
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


def _names(label: Labelled) -> tuple[str, ...]:
    return (label.zh, label.en, *label.aliases)


def _detail_names(kind: RequestType) -> dict[str, str]:
    """A name of a field inside another goes alone only where no other field has it; behind its field's name it always does."""
    inner = [(name, path) for path, label in _inner(kind) for name in _names(label)]
    times = Counter(fold(name) for name, _ in inner)
    found = {fold(name): path for name, path in inner if times[fold(name)] == 1}
    for path, label in _inner(kind):
        outer = kind.fields[path.split(".")[1]]
        found |= {fold(f"{one}.{name}"): path for one in _names(outer) for name in _names(label)}
    found |= {fold(name): f"details.{key}" for key, spec in kind.fields.items() for name in _names(spec)}
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
