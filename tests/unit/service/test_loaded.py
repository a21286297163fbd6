"""What a service loads, it keeps in memory for as long as it runs: what others use stays out of it."""

import subprocess
import sys

import pytest

LOADED = "import sys, services.{service}.app; print(*sys.modules)"


@pytest.mark.parametrize("service", ["intake", "routing", "notify", "documents"])
def test_a_service_loads_nothing_that_renders_and_nothing_that_checks_an_issuer_it_may_not_have(service: str):
    ran = subprocess.run([sys.executable, "-c", LOADED.format(service=service)], capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.split())
    assert f"services.{service}.app" in loaded
    assert not loaded & {"typst", "docx", "pypdf", "lxml", "jwt", "cryptography"}
