"""`python -m tests.bench.feeding`: lines per second and peak memory of `backline import`, before a server that accepts everything.

It measures the command alone, in a process of its own, for JSON Lines, CSV and a workbook of the same requests, and for a
workbook with a million empty rows. The last line is the result as JSON.
"""

import argparse
import csv
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape

from tests.builders.workbooks import MAIN, a_row, a_workbook
from tests.infra.operator_desk import accepting, folder_of, open_desk

HEADER = (
    "单据编号",
    "来源系统",
    "工号",
    "岗位",
    "支持类型",
    "商机编号",
    "商机名称",
    "客户名称",
    "期望完成时间",
    "资料项",
    "数量",
    "备注",
)
LONG = "客户希望在本周内收到，并附上同行业的两个案例。" * 20
EMPTY_ROWS = 1_000_000
SAMPLED_EVERY = 0.1


def rows(number: int) -> Iterator[tuple[str, ...]]:
    """Requests for material, each with a reference and a remark of its own."""
    for n in range(number):
        remark = f"竞争态势：第 {n} 条，{LONG}"
        yield (
            f"R-{n}",
            "oa",
            "A1",
            "大客户经理",
            "公司资料",
            f"O-{n}",
            f"商机 {n}",
            "客户",
            "2027-03-20 18:00",
            "宣传手册",
            "5",
            remark,
        )


def a_csv(path: Path, number: int) -> None:
    """The requests as CSV."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow(HEADER)
        table.writerows(rows(number))


def json_lines(path: Path, number: int) -> None:
    """The requests as JSON Lines."""
    with path.open("w", encoding="utf-8") as file:
        for row in rows(number):
            body = {"source": {"reference": row[0], "system": row[1]}, "type": "tools.company", "details": {"items": row[9]}}
            file.write(json.dumps({**body, "business_unit": "harbour", "extra": {"remark": row[11]}}, ensure_ascii=False) + "\n")


def workbook(path: Path, number: int, empty: int = 0) -> None:
    """The requests as a workbook, their texts shared, with `empty` rows before the last one."""
    plain = zipfile.ZipFile(io.BytesIO(a_workbook({"S": ""})))
    texts: dict[str, int] = {}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in plain.namelist():
            if not name.endswith("s0.xml"):
                archive.writestr(name, plain.read(name))
        with archive.open("xl/worksheets/s0.xml", "w", force_zip64=True) as part:
            part.write(f'<worksheet xmlns="{MAIN}"><sheetData>{a_row(1, HEADER)}'.encode())
            for place, row in enumerate(rows(number), start=2):
                place += empty if place == number + 1 else 0  # noqa: PLW2901  # the last row stands below the empty ones
                for n in range(number + 1, number + 1 + empty) if place > number + 1 else ():
                    part.write(f'<row r="{n}"/>'.encode())
                cells = "".join(f'<c t="s"><v>{texts.setdefault(cell, len(texts))}</v></c>' for cell in row)
                part.write(f'<row r="{place}">{cells}</row>'.encode())
            part.write(b"</sheetData></worksheet>")
        with archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as part:
            part.write(f'<sst xmlns="{MAIN}">'.encode())
            for text in texts:
                part.write(f"<si><t>{escape(text)}</t></si>".encode())
            part.write(b"</sst>")


def measured(file: Path, folder: Path) -> dict[str, float]:
    """Of one import: lines, seconds, lines a second of the wall's clock and of the processor's, the peak of resident memory in MiB."""
    command = [sys.executable, "-m", "infra.cli", "import", str(file), "--unit", "harbour", "--folder", str(folder)]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    peak = 0
    with subprocess.Popen(
        [*command, "--result", str(folder / "out.jsonl")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        while run.poll() is None:
            peak = max(peak, _peak(run.pid))
            time.sleep(SAMPLED_EVERY)
    status = run.returncode
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = time.perf_counter() - started
    if status != 0:
        raise SystemExit(f"{file.name} was not imported: status {status}")
    with (folder / "out.jsonl").open("rb") as verdicts:
        lines = sum(1 for _ in verdicts)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "lines": lines,
        "seconds": round(seconds, 1),
        "per_second": round(lines / seconds),
        "per_processor_second": round(lines / busy),
        "peak_mib": round(peak / 1024),
    }


def _peak(process: int) -> int:
    """The most that a process has held so far, in KiB; 0 when it has just ended.

    What the system tells of an ended child would count what its parent held when it was started.
    """
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)


def main() -> None:
    """Make the files, import each, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    number = parser.parse_args().lines
    makers: dict[str, Callable[[Path, int], None]] = {
        "requests.jsonl": json_lines,
        "requests.csv": a_csv,
        "requests.xlsx": workbook,
    }
    makers["empty.xlsx"] = lambda path, _: workbook(path, 10, EMPTY_ROWS)
    result: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as name, open_desk() as desk:
        folder = Path(name)
        folder_of(desk, folder)
        desk.answer("POST /v1/requests:batch", (200, accepting))
        desk.answer("GET /v1/people", (200, {"people": [], "business_units": []}))
        for file, make in makers.items():
            make(folder / file, number)
            result[file] = measured(folder / file, folder)
            desk.asked.clear()
            print(f"{file}: {result[file]}, {(folder / file).stat().st_size / 1024**2:.0f} MiB", flush=True)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
