"""Which hosts a crawl may contact: those that the user named, and no private address that the user didn't name.

    hosts = Hosts(["https://example.org/Stories/"])
    hosts.refusal("https://example.com/")                    # "another host than was asked for"
    address_refusal("example.org", "10.0.0.7")               # "example.org is the private address 10.0.0.7"

Limits: a private address counts as named only if the user wrote it as an address, or as `localhost`; a host name of the
local network doesn't count.
"""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from scrapy.resolver import CachingThreadedResolver
from twisted.internet.defer import Deferred
from twisted.internet.error import DNSLookupError

_PORTS = {"http": 80, "https": 443}


class AddressError(ValueError):
    """An address can't be crawled; the message says why."""


class Hosts:
    """The hosts and ports of some addresses. Raises AddressError for an address that is not http or https."""

    def __init__(self, urls: Iterable[str]) -> None:
        self._named: set[tuple[str, int]] = set()
        for url in urls:
            host_port = _host_and_port(url)
            if isinstance(host_port, str):
                raise AddressError(f"{url} can't be crawled: {host_port}.")
            self._named.add(host_port)

    def refusal(self, url: str) -> str:
        """Return why a request to `url` is not allowed; "" if it is allowed."""
        host_port = _host_and_port(url)
        if isinstance(host_port, str):
            return host_port
        host, port = host_port
        ports = {named for name, named in self._named if name == host}
        # A site may move between http and https, but not to another server on the same machine.
        if port in ports or (port in _PORTS.values() and ports & set(_PORTS.values())):
            return ""
        return f"another host than was asked for ({host}{'' if port in _PORTS.values() else f':{port}'})"

    def all_private(self) -> bool:
        """Return whether the user named only this machine and private addresses."""
        return all(is_private(host) for host, _ in self._named)


def is_private(host: str) -> bool:
    """Return whether this host, as written, is `localhost` or an address outside the public Internet."""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def address_refusal(host: str, address: str) -> str:
    """Return why a connection to `host`, which resolves to `address`, is not allowed; "" if it is allowed."""
    if is_private(host) or not is_private(address):
        return ""
    return f"{host} is the private address {address}; to crawl that, name the address itself"


class PublicResolver(CachingThreadedResolver):
    """Scrapy's resolver of host names, which refuses private addresses and keeps the reasons in `refused`."""

    refused: dict[str, str] = {}

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:
        """Resolve a name like Twisted's resolver. Fails with DNSLookupError."""

        def check(address: str) -> str:
            refusal = address_refusal(name, address)
            if refusal:
                self.refused[name] = refusal
                raise DNSLookupError(refusal)
            return address

        return super().getHostByName(name, timeout).addCallback(check)


def _host_and_port(url: str) -> tuple[str, int] | str:
    """Return host and port, or what is wrong with the address."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return str(error)
    if parts.scheme not in _PORTS:
        return "its scheme is neither http nor https"
    if not parts.hostname:
        return "it has no host name"
    if parts.username is not None:
        return "it contains a user name"
    return parts.hostname.rstrip("."), port or _PORTS[parts.scheme]
