"""A stack's folder has one supervisor, and its addresses stay."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from infra.embedded.ports import KERNEL_RANGE, free_port, is_free, keep
from infra.embedded.programs import ProgramError
from infra.stack_folder import StackFolder, supervisor_of
from tests.infra.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("mongod", "broker", "intake-1")
A_SUPERVISOR = """
import sys
from pathlib import Path
from infra.stack_folder import StackFolder
folder = StackFolder(Path(sys.argv[1]), ["mongod"])
print("supervising", flush=True)
sys.stdin.read()
"""


A_KEEPER = """
import sys
from infra.embedded.ports import free_port
print(free_port(), flush=True)
sys.stdin.read()
"""


def listening(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port))


def test_ports_are_outside_the_range_that_the_kernel_lends_to_clients() -> None:
    if not KERNEL_RANGE.exists():
        pytest.skip(f"NOT CHECKED: {KERNEL_RANGE} is not there")
    lowest, highest = (int(number) for number in KERNEL_RANGE.read_text().split())
    assert not any(lowest <= free_port() <= highest for _ in range(200))


def test_no_port_is_given_twice() -> None:
    ports = [free_port() for _ in range(200)]
    assert len(set(ports)) == len(ports)


def test_a_port_somebody_listens_on_is_not_free() -> None:
    port = free_port()
    with listening(port):
        assert not is_free(port)
    assert is_free(port)


def test_a_port_another_process_was_given_is_not_to_be_had_until_that_one_ends() -> None:
    command = [sys.executable, "-c", A_KEEPER]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        port = int(other.stdout.readline())
        assert is_free(port), "nobody listens there yet"
        assert not keep(port)
        other.kill()
    assert keep(port)


def test_addresses_and_epoch_stay_from_one_start_to_the_next(tmp_path: Path) -> None:
    first = StackFolder(tmp_path, NAMES)
    first.release()
    second = StackFolder(tmp_path, NAMES)
    assert (second.ports, second.epoch) == (first.ports, first.epoch)


def test_a_process_more_gets_a_port_and_the_others_keep_theirs(tmp_path: Path) -> None:
    first = StackFolder(tmp_path, NAMES)
    first.release()
    second = StackFolder(tmp_path, (*NAMES, "routing-2"))
    assert {name: second.ports[name] for name in NAMES} == first.ports
    assert second.ports["routing-2"] not in first.ports.values()


def test_a_port_that_was_taken_meanwhile_is_replaced(tmp_path: Path) -> None:
    first = StackFolder(tmp_path, NAMES)
    first.release()
    with listening(first.ports["intake-1"]):
        second = StackFolder(tmp_path, NAMES)
    assert second.ports["intake-1"] != first.ports["intake-1"]
    assert second.ports["broker"] == first.ports["broker"]


def test_the_databases_port_cannot_be_replaced_and_the_reason_is_told(tmp_path: Path) -> None:
    first = StackFolder(tmp_path, NAMES)
    first.release()
    with listening(first.ports["mongod"]), pytest.raises(ProgramError, match="the port of the database"):
        StackFolder(tmp_path, NAMES)


def test_a_second_supervisor_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    first = StackFolder(tmp_path, NAMES)
    with pytest.raises(ProgramError, match=f"process {supervisor_of(tmp_path)}"):
        StackFolder(tmp_path, NAMES)
    first.release()
    assert supervisor_of(tmp_path) is None


def test_a_folder_nobody_ever_supervised_has_no_supervisor(tmp_path: Path) -> None:
    assert supervisor_of(tmp_path) is None


def test_a_killed_supervisor_leaves_the_folder_free(tmp_path: Path) -> None:
    command = [sys.executable, "-c", A_SUPERVISOR, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "supervising\n"
        assert supervisor_of(tmp_path) == other.pid
        other.kill()
    assert eventually(lambda: supervisor_of(tmp_path) is None)
    assert StackFolder(tmp_path, NAMES).ports.keys() == set(NAMES)


def test_the_state_file_names_the_processes(tmp_path: Path) -> None:
    folder = StackFolder(tmp_path, NAMES)
    folder.remember({"intake-1": 4711})
    assert json.loads((tmp_path / "stack.json").read_text())["pids"] == {"intake-1": 4711}
