"""Child programs end with their parent and take along what they started; when they fail, they say so."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.embedded import mongod
from infra.embedded.programs import Program, ProgramError, executable
from tests.infra.waiting import eventually, runs

ROOT = Path(__file__).resolve().parents[2]
A_FAMILY = ["sh", "-c", "sleep 300 & echo grandchild $!; wait"]
STUBBORN = [sys.executable, "-c", "import signal; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"]
A_PARENT = """
import sys
from pathlib import Path
from infra.embedded.programs import Program
program = Program("child", ["sleep", "300"], log=Path(sys.argv[1]))
program.start()
print(program.pid, flush=True)
sys.stdin.read()
"""


def started(command: list[str], folder: Path) -> Program:
    program = Program("program", command, log=folder / "program.log")
    program.start()
    return program


def grandchild_of(program: Program) -> int:
    assert eventually(lambda: "grandchild" in program.tail())
    found = re.search(r"grandchild (\d+)", program.tail())
    assert found
    return int(found[1])


async def never() -> bool:
    return False


@pytest.mark.parametrize("way", ["stop", "kill"])
async def test_a_program_takes_along_what_it_started(tmp_path: Path, way: str) -> None:
    program = started(A_FAMILY, tmp_path)
    grandchild = grandchild_of(program)
    if way == "stop":
        await program.stop()
    else:
        program.kill()
    assert program.pid is None
    assert eventually(lambda: not runs(grandchild))


def test_what_a_crashed_program_left_is_ended_too(tmp_path: Path) -> None:
    program = started(A_FAMILY, tmp_path)
    grandchild = grandchild_of(program)
    assert program.pid
    os.kill(program.pid, signal.SIGKILL)
    assert eventually(lambda: program.pid is None)
    assert runs(grandchild)
    program.kill()
    assert eventually(lambda: not runs(grandchild))


def test_a_program_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", A_PARENT, str(tmp_path / "child.log")]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert runs(child)
        parent.kill()
    assert eventually(lambda: not runs(child))


async def test_a_program_that_does_not_listen_is_killed_after_its_time(tmp_path: Path) -> None:
    program = started(STUBBORN, tmp_path)
    assert eventually(lambda: "deaf" in program.tail())
    await program.stop(0.2)
    assert program.ending == "signal SIGKILL"


async def test_a_program_that_ends_while_starting_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    program = started(["sh", "-c", "echo out of luck; exit 7"], tmp_path)
    with pytest.raises(ProgramError, match=r"program ended while starting \(exit status 7\).*out of luck"):
        await program.wait_until(never)


async def test_a_program_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    program = started(["sleep", "300"], tmp_path)
    with pytest.raises(ProgramError, match="not ready after"):
        await program.wait_until(never, 0.2)
    program.kill()


def test_a_program_that_does_not_exist_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match="program could not be started"):
        started([str(tmp_path / "nothing")], tmp_path)


def test_a_binary_that_lost_its_bit_gets_it_back(tmp_path: Path) -> None:
    binary = tmp_path / "tool"
    binary.write_text("#!/bin/sh\n")
    binary.chmod(0o644)
    assert os.access(executable(binary, "package"), os.X_OK)


def test_a_package_without_its_binary_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match="some-package carries no tool for this machine"):
        executable(tmp_path / "tool", "some-package")


@pytest.mark.parametrize(
    ("library", "remedy"), [("libcurl.so.4", "apt-get install libcurl4"), ("libssl.so.3", "the package that holds libssl.so.3")]
)
def test_a_library_that_mongod_misses_is_named_with_the_remedy(library: str, remedy: str) -> None:
    problem = f"mongod: error while loading shared libraries: {library}: cannot open shared object file: No such file"
    assert remedy in mongod._remedy(problem)


def test_another_problem_of_mongod_is_not_blamed_on_a_library() -> None:
    assert mongod._remedy("mongod ended: the disk is full") == ""
