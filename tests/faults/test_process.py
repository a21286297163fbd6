"""Only a process of the proving ground can be told to die; the product holds no mark."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults import orders
from tests.faults.orders import Orders
from tests.faults.process import Obedience

ROOT = Path(__file__).resolve().parents[2]
PORT = 4711
MARKED = """
import sys
from importlib import import_module
from shared.ledger.desk import Desk
from shared.ledger.hearing import Hearing
from shared.messaging.producer import Producer
from shared.storage import BlobStore, MongoLedgerStore
for service in ("intake", "routing", "notify", "documents"):
    import_module(f"services.{service}.app")
ports = [Hearing.handle, MongoLedgerStore.write, MongoLedgerStore.mark, Producer.publish, BlobStore.put, Desk.tell]
if sys.argv[1] == "marked":
    from tests.faults import points
    points.install(lambda _point: None)
    ports = [Hearing.handle, MongoLedgerStore.write, MongoLedgerStore.mark, Producer.publish, BlobStore.put, Desk.tell]
print(sum(hasattr(port, "__wrapped__") for port in ports), any(name.startswith("tests") for name in sys.modules))
"""


@pytest.mark.parametrize(("how", "found"), [("plain", "0 False"), ("marked", "6 True")])
def test_a_service_of_the_product_runs_without_a_single_point(how: str, found: str) -> None:
    said = subprocess.run([sys.executable, "-c", MARKED, how], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == found


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    signals: list[int] = []
    monkeypatch.setattr(os, "kill", lambda _pid, number: signals.append(number))
    return signals


def test_a_process_dies_at_its_point_at_the_visit_it_was_told(tmp_path: Path, killed: list[int]) -> None:
    orders.give(tmp_path, PORT, Orders(point="after_write", nth=2))
    process = Obedience(tmp_path, str(PORT))
    process.reach("before_write")
    process.reach("after_write")
    assert killed == []
    process.reach("after_write")
    assert killed == [signal.SIGKILL]
    assert '"point": "after_write"' in (tmp_path / orders.REACHED).read_text()


def test_a_process_that_freezes_does_so_once(tmp_path: Path, killed: list[int]) -> None:
    orders.give(tmp_path, PORT, Orders(point="before_write", frozen=True))
    process = Obedience(tmp_path, str(PORT))
    process.reach("before_write")
    process.reach("before_write")
    assert killed == [signal.SIGSTOP]


def test_new_orders_are_taken_and_none_means_none(tmp_path: Path, killed: list[int]) -> None:
    process = Obedience(tmp_path, str(PORT))
    process.reach("after_write")
    orders.give(tmp_path, PORT, Orders(point="after_write"))
    process.listen()
    process.reach("after_write")
    assert killed == [signal.SIGKILL]


def test_every_protection_can_be_switched_off_in_a_process_of_its_own() -> None:
    """What a protection is made of may be renamed; then its control must be mended, not silently do nothing."""
    code = "import services.notify.app\nfrom tests.faults.sabotage import PROTECTIONS\n[off() for off in PROTECTIONS.values()]"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
