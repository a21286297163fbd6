"""Which addresses a callback may go to: the form of the URL, and each network address its host has. Pure.

Invariant: what cannot be read in exactly one way is refused; what is not known to be public is not public.
"""

import ipaddress
import re
from dataclasses import dataclass, field

from shared.schemas.model import Text

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LONGEST = 2000
DEFAULT_PORTS = {"https": 443, "http": 80}
_WRITTEN = re.compile(r"(https?)://([^/?]*)([/?][^#]*)?", re.IGNORECASE)
_PLAIN = re.compile(r"[!-~]+")
_UNWISE = re.compile(r"[\\<>\"`{}|^#]")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
# IANA's special-purpose registries, multicast, and the addresses of clouds that answer their own machines alone.
_CLOSED_4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
        "168.63.129.16/32",
    )
)  # fmt: skip
_GLOBAL_6 = ipaddress.IPv6Network("2000::/3")
"""All unicast that was ever given out; mapped and translated IPv4, ULA, link-local and multicast lie outside."""
_CLOSED_6 = tuple(
    ipaddress.IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)  # protocol assignments with Teredo, documentation, 6to4, documentation
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")


class UnsafeAddressError(Exception):
    """A callback may not go there; `message` says why and what to do, and never names a network address."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(en)
        self.code = code
        self.message = Text(zh=zh, en=en)


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What the operator allows: ports; networks that are not public and allowed all the same; hosts that may be called over http."""

    ports: frozenset[int] = frozenset({443, 8443})
    networks: tuple[Network, ...] = ()
    http_hosts: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A URL taken apart. `host` is in small letters and without brackets; `path` holds the query too."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def at(self, address: str) -> str:
        """The URL with the network address in the host's place."""
        host = f"[{address}]" if ":" in address else address
        return f"{self.scheme}://{host}:{self.port}{self.path}"


def target_of(url: str, rules: Rules) -> Target:
    """`url` taken apart. Raises UnsafeAddressError."""
    read = _WRITTEN.fullmatch(url) if len(url) <= LONGEST and _PLAIN.fullmatch(url) and not _UNWISE.search(url) else None
    if read is None:
        raise UnsafeAddressError(
            "url_form",
            f"url 不是可以使用的地址；请写成 https://主机/路径，不超过{LONGEST}个字符，特殊字符用 %XX 表示，国际化域名用 punycode。",
            f"url is no address that can be used; write https://host/path in at most {LONGEST} characters, special characters as "
            "%XX and international names in punycode.",
        )
    scheme, authority, path = read[1].lower(), read[2].lower(), read[3] or "/"
    if "@" in authority:
        raise UnsafeAddressError(
            "url_credentials",
            "url 中不能带用户名或密码；请去掉 @ 之前的部分，用签名验证来源。",
            "url must hold no user name or password; leave out what is before the @ and rely on the signature.",
        )
    host, port = _host_and_port(authority, DEFAULT_PORTS[scheme])
    if scheme == "http" and host not in rules.http_hosts:
        raise UnsafeAddressError("url_http", "url 必须以 https:// 开头。", "url must begin with https://.")
    if port not in rules.ports:
        allowed = ", ".join(str(number) for number in sorted(rules.ports))
        raise UnsafeAddressError(
            "url_port",
            f"url 的端口不允许使用；可用的端口：{allowed}。",
            f"url has a port that is not allowed; use one of {allowed}.",
        )
    return Target(scheme=scheme, host=host, port=port, path=path if path.startswith("/") else f"/{path}")


def _host_and_port(authority: str, default: int) -> tuple[str, int]:
    read = re.fullmatch(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+))(?::([0-9]{1,5}))?", authority)
    host = (read[1] or read[2]) if read else ""
    if read is None or not (_is_ipv6(host) if read[1] else _is_name(host) or _is_ipv4(host)):
        raise UnsafeAddressError(
            "url_host",
            "url 的主机名无法使用；请使用完整的域名，或通常写法的 IP 地址。",
            "url has a host that cannot be used; give a whole domain name, or an IP address in its usual form.",
        )
    return host, int(read[3]) if read[3] else default


def _is_name(host: str) -> bool:
    """A domain name. One whose last label is a number would be read as an IPv4 address by some, in odd ways by others."""
    labels = host.split(".")
    return len(host) <= 253 and all(map(_LABEL.fullmatch, labels)) and not _NUMBER.fullmatch(labels[-1])


def _is_ipv4(host: str) -> bool:
    try:
        return str(ipaddress.IPv4Address(host)) == host
    except ValueError:
        return False


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True


def permitted(address: str, rules: Rules) -> bool:
    """Whether a connection to the network address may be made: it is public, or in a network that the operator allows."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and (found.scope_id is not None or found in _MAPPED):
        return False
    if any(found in network for network in rules.networks if network.version == found.version):
        return True
    if isinstance(found, ipaddress.IPv4Address):
        return not any(found in network for network in _CLOSED_4)
    return found in _GLOBAL_6 and not any(found in network for network in _CLOSED_6)
