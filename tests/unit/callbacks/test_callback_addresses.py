"""Where a callback may go: every form and every network address that is refused, and what the operator may allow all the same."""

import asyncio
import ipaddress

import pytest

from shared.callbacks.addresses import LONGEST, Rules, UnsafeAddressError, permitted, target_of
from shared.callbacks.guard import Guard

RULES = Rules()
PUBLIC = "93.184.215.14"

REFUSED_FORMS = {
    "url_form": [
        "", " ", "hooks.example", "//hooks.example/", "ftp://hooks.example/", "file:///etc/passwd", "gopher://x/", "javascript:1",
        "https:/hooks.example", "https:hooks.example", "https://hooks.example/a b", "https://hooks.example/\r\nHost: x",
        "https://hooks.example/\x00", "https://hooks.example\\@evil.example/", "https://hooks.example/#part", "https://hooks.example#",
        "https://例子.example/", "https://hooks.example/例", "https://hooks.example/" + "a" * LONGEST, "https://hooks.example/\u2028",
        " https://hooks.example/", "https://hooks.example/|", "https://hooks.example/<x>",
    ],
    "url_credentials": [
        "https://user@hooks.example/", "https://user:pw@hooks.example/", "https://hooks.example@evil.example/", "https://@hooks.example/",
        "https://169.254.169.254@hooks.example/",
    ],
    "url_host": [
        "https:///path", "https://:443/", "https://hooks..example/", "https://.hooks.example/", "https://hooks.example./",
        "https://-hooks.example/", "https://hooks-.example/", "https://hooks_.example/", "https://hooks%2eexample/",
        "https://2130706433/", "https://0x7f000001/", "https://0x7f.1/", "https://0177.0.0.1/", "https://127.1/", "https://127.0.1/",
        "https://0/", "https://0.0.0.0.0/", "https://1.2.3.4.5/", "https://256.1.1.1/", "https://127.0.0.01/", "https://127.0.0.0x1/",
        "https://hooks.example.0x1/", "https://hooks.1/", "https://[::1/", "https://::1/", "https://[127.0.0.1]/", "https://[fe80::1%25eth0]/",
        "https://[v1.x]/", "https://hooks.example:/", "https://hooks.example:0x1bb/", "https://hooks.example:443:443/",
        "https://hooks.example:123456/", "https://" + "a" * 64 + ".example/", "https://" + "a." * 127 + "example/",
    ],
    "url_http": ["http://hooks.example/", "HTTP://hooks.example/", "http://127.0.0.1/"],
    "url_port": ["https://hooks.example:22/", "https://hooks.example:80/", "https://hooks.example:27017/", "https://hooks.example:0/"],
}  # fmt: skip

CLOSED = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254", "169.254.169.254", "169.254.0.1",
    "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:93.184.215.14", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::5db8:d70e", "64:ff9b:1::1",
    "100::1", "2001::1", "2001:0:4136:e378::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::1", "2002:5db8:d70e::1",
    "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1",
    "0x7f.1", "2130706433", "0177.0.0.1", "127.1", "localhost", "", "93.184.215.14/24",
]  # fmt: skip
OPEN = [
    "93.184.215.14",
    "1.1.1.1",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "192.0.1.1",
    "223.255.255.254",
]
OPEN_6 = ["2606:2800:21f:cb07:6820:80da:af6b:8b2c", "2400:3200::1", "2001:4860:4860::8888", "2a00::1"]


@pytest.mark.parametrize(("code", "url"), [(code, url) for code, urls in REFUSED_FORMS.items() for url in urls])
def test_a_form_that_is_unsafe_or_can_be_read_in_two_ways_is_refused_in_both_languages(code: str, url: str):
    with pytest.raises(UnsafeAddressError) as refused:
        target_of(url, RULES)
    assert refused.value.code == code
    assert refused.value.message.zh != refused.value.message.en
    assert "url" in refused.value.message.zh


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("https://hooks.example", "hooks.example", 443, "/"),
        ("HTTPS://Hooks.Example:8443/A/b?tenant=7&x=%20", "hooks.example", 8443, "/A/b?tenant=7&x=%20"),
        ("https://hooks.example?x=1", "hooks.example", 443, "/?x=1"),
        ("https://xn--fsqu00a.example/", "xn--fsqu00a.example", 443, "/"),
        ("https://93.184.215.14/", "93.184.215.14", 443, "/"),
        ("https://[2606:2800::1]:443/x", "2606:2800::1", 443, "/x"),
        ("https://hooks.example/@x", "hooks.example", 443, "/@x"),
    ],
)
def test_a_usual_address_is_taken_apart(url: str, host: str, port: int, path: str):
    target = target_of(url, RULES)
    assert (target.host, target.port, target.path) == (host, port, path)


@pytest.mark.parametrize("address", CLOSED)
def test_what_is_not_public_is_not_called(address: str):
    assert not permitted(address, RULES)


@pytest.mark.parametrize("address", OPEN + OPEN_6)
def test_what_is_public_may_be_called(address: str):
    assert permitted(address, RULES)


def test_a_network_that_the_operator_allows_opens_itself_alone_and_never_in_another_form():
    rules = Rules(networks=(ipaddress.ip_network("127.0.0.0/30"), ipaddress.ip_network("fd00::/8")))
    assert permitted("127.0.0.2", rules)
    assert permitted("fd12::1", rules)
    for address in ("127.0.0.4", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fd12::1%eth0", "169.254.169.254"):
        assert not permitted(address, rules)


def test_http_is_for_hosts_that_are_listed():
    rules = Rules(http_hosts=frozenset({"127.0.0.1"}), ports=frozenset({8080}))
    assert target_of("http://127.0.0.1:8080/x", rules).host_header == "127.0.0.1:8080"
    with pytest.raises(UnsafeAddressError):
        target_of("http://127.0.0.2:8080/x", rules)


async def test_one_address_that_is_not_public_is_enough_to_refuse_a_host():
    async def resolve(_host: str, _port: int) -> list[str]:
        return [PUBLIC, "10.0.0.1"]

    with pytest.raises(UnsafeAddressError) as refused:
        await Guard(RULES, resolve).check("https://hooks.example/", unit="east")
    assert refused.value.code == "url_not_public"
    assert "10.0.0.1" not in str(refused.value)


@pytest.mark.parametrize("host", ["localhost", "localhost.localdomain", "127.0.0.1", "[::1]"])
async def test_the_machines_own_resolver_leads_nowhere_inside(host: str):
    with pytest.raises(UnsafeAddressError) as refused:
        await Guard(RULES).check(f"https://{host}/", unit="east")
    assert refused.value.code in {"url_not_public", "url_unknown_host"}


async def test_a_name_server_that_fails_or_is_silent_is_said_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("shared.callbacks.guard.RESOLVING_SECONDS", 0.05)

    async def silent(_host: str, _port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    async def broken(_host: str, _port: int) -> list[str]:
        raise OSError

    async def empty(_host: str, _port: int) -> list[str]:
        return []

    for resolve in (silent, broken, empty):
        with pytest.raises(UnsafeAddressError) as refused:
            await Guard(RULES, resolve).check("https://hooks.example/", unit="east")
        assert refused.value.code == "url_unknown_host"
