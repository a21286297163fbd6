"""Explained plans of the database: their stages, and the indexes they read."""

from typing import Any


def stages(plan: Any) -> list[dict[str, Any]]:
    """Every stage of an explained plan, whatever engine runs it."""
    if isinstance(plan, list):
        return [stage for each in plan for stage in stages(each)]
    if not isinstance(plan, dict):
        return []
    return [*([plan] if "stage" in plan else []), *(stage for inner in plan.values() for stage in stages(inner))]


def indexes(used: list[dict[str, Any]]) -> set[str]:
    """The first field of every index that is read."""
    return {next(iter(stage["keyPattern"])) for stage in used if stage["stage"] == "IXSCAN"}
