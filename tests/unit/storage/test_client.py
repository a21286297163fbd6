"""What a client of the database insists on before the first call."""

import pytest

from shared.storage import UnsafeDatabaseError, connect

DURABLE = "mongodb://127.0.0.1:1/?w=majority&journal=true&readConcernLevel=majority&retryWrites=true&timeoutMS=20000"


def test_a_member_that_says_nothing_is_given_up_before_a_call_runs_out_of_time() -> None:
    client = connect(DURABLE)
    options = client.delegate.options
    silence = options.pool_options.connect_timeout + client.delegate._topology_settings.heartbeat_frequency
    client.close()
    assert options.timeout is not None
    assert silence < options.timeout / 2, "an election takes ten seconds more"


@pytest.mark.parametrize(
    ("name", "value"), [("w", "majority"), ("journal", "true"), ("readConcernLevel", "majority"), ("timeoutMS", "20000")]
)
def test_a_client_that_might_lose_a_write_is_refused(name: str, value: str) -> None:
    with pytest.raises(UnsafeDatabaseError, match=name):
        connect(DURABLE.replace(f"{name}={value}", "appName=x"))


def test_a_time_out_of_zero_is_none_at_all() -> None:
    with pytest.raises(UnsafeDatabaseError, match="timeoutMS"):
        connect(DURABLE.replace("timeoutMS=20000", "timeoutMS=0"))
