"""The benchmark's result for people: a table on the terminal and a picture beside the log."""

from pathlib import Path

import noto_cjk_sans_otc
import orjson
import typst
from rich.console import Console
from rich.table import Table

from shared.schemas.model import Json
from tests.bench import targets
from tests.bench.figures import BROKERS

ROWS = (
    ("end_to_end_per_second", "requests a second, end to end", f"≥ {targets.PER_SECOND:g}"),
    ("bare_per_second", "the bare loop's", ""),
    ("ratio", "ratio", f"≥ {targets.RATIO:g}"),
    ("spread", "farthest run from its median", ""),
    ("accepted_per_second", "answered 202 a second", ""),
    ("cpu_seconds_per_request", "CPU seconds a request", f"≤ {targets.CPU_SECONDS:g}"),
    ("bare_cpu_seconds_per_request", "the bare loop's", ""),
    ("mails_per_request", "mails a request", ""),
    ("events_per_request", "events applied a request", ""),
    ("p50_ms", "answer at a tenth of the rate, p50 ms", ""),
    ("p99_ms", "p99 ms", f"≤ {targets.P99_MS:g}"),
    ("told_p50_ms", "last mail about a request out, p50 ms", ""),
    ("told_p99_ms", "p99 ms", ""),
    ("outage_refused", "refused while the broker is down", "0"),
    ("outage_p99_ms", "answer while the broker is down, p99 ms", f"≤ {targets.OUTAGE_P99_MS:g}"),
    ("outage_drain_ratio", "backlog drained, times the input rate", f"≥ {targets.OUTAGE_DRAIN_RATIO:g}"),
    ("outage_over_after_seconds", "everybody told, s after the broker is back", ""),
)
PLOT = Path(__file__).with_name("plot.typ")


def print_table(console: Console, result: Json) -> None:
    """Every figure with its target."""
    table = Table("figure", *BROKERS, "target")
    for key, name, target in ROWS:
        table.add_row(name, *(_figure((result.get(broker) or {}).get(key)) for broker in BROKERS), target)
    table.add_section()
    table.add_row(
        "documents beside bare typst, per core", _figure(result.get("documents_ratio")), "", f"≥ {targets.DOCUMENTS_RATIO:g}"
    )
    table.add_row("mails beside bare aiosmtplib", _figure(result.get("mails_ratio")), "", f"≥ {targets.MAILS_RATIO:g}")
    for service, used in (result.get("idle_mb") or {}).items():
        table.add_row(f"{service}: MB idle", _figure(used), "", f"≤ {targets.IDLE_MB:g}")
    for name, figure in (result.get("ceilings") or {}).items():
        table.add_row(name.replace("_", " "), _figure(figure), "", "")
    console.print(table)
    if result.get("growth"):
        print_growth(console, result["growth"])


def print_growth(console: Console, found: Json) -> None:
    """How cost grows."""
    wanted = {"requests_ratio": f"≥ {targets.REQUESTS_RATIO:g}", "people_ratio": f"≥ {targets.PEOPLE_RATIO:g}"}
    table = Table("growth", "figure", "target")
    for name, figure in found.items():
        table.add_row(name.replace("_", " "), _figure(figure), wanted.get(name, ""))
    console.print(table)


def draw(result: Json, file: Path) -> None:
    """The picture as a PNG; nothing when no broker was measured."""
    if not any(result.get(broker) for broker in BROKERS):
        return
    named = {
        "ratio": targets.RATIO,
        "cpu_seconds": targets.CPU_SECONDS,
        "documents_ratio": targets.DOCUMENTS_RATIO,
        "mails_ratio": targets.MAILS_RATIO,
    }
    data = orjson.dumps({**result, "targets": named}).decode()
    file.parent.mkdir(parents=True, exist_ok=True)
    fonts = [Path(noto_cjk_sans_otc.__file__).parent]
    file.write_bytes(
        bytes(typst.compile(PLOT, font_paths=fonts, ignore_system_fonts=True, sys_inputs={"data": data}, format="png", ppi=110))
    )


def _figure(value: object) -> str:
    match value:
        case None:
            return "–"
        case float() | int():
            return f"{value:.4g}"
        case _:
            return str(value)
