"""Where a crawl may go: the hosts that the user named, and no private address that he didn't.

    hosts = Hosts(["https://example.org/Stories/"])
    hosts.refusal("https://example.com/")                    # "another host than was asked for"
    hosts.address_refusal("example.org", "10.0.0.7")         # "example.org is the private address 10.0.0.7"

Limits: a private address counts as named when the user wrote it as such, or `localhost`; a name of his own network that
leads to one does not.
"""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from scrapy.resolver import CachingThreadedResolver
from twisted.internet.defer import Deferred
from twisted.internet.error import DNSLookupError

_PORTS = {"http": 80, "https": 443}


class AddressError(ValueError):
    """An address that can't be crawled; the message says why."""


class Hosts:
    """The hosts and ports of these addresses. Raises AddressError for one that is not http or https."""

    def __init__(self, urls: Iterable[str]) -> None:
        self._named: set[tuple[str, int]] = set()
        for url in urls:
            place = _place(url)
            if isinstance(place, str):
                raise AddressError(f"{url} can't be crawled: {place}.")
            self._named.add(place)

    def refusal(self, url: str) -> str:
        """Why a request mustn't go there; "" if it may."""
        place = _place(url)
        if isinstance(place, str):
            return place
        host, port = place
        ports = {named for name, named in self._named if name == host}
        # A site may move between http and https, but not to some other server on the same machine.
        if port in ports or (port in _PORTS.values() and ports & set(_PORTS.values())):
            return ""
        return f"another host than was asked for ({host}{'' if port in _PORTS.values() else f':{port}'})"

    def all_private(self) -> bool:
        """Whether the user named this machine and private addresses only."""
        return all(is_private(host) for host, _ in self._named)


def is_private(host: str) -> bool:
    """Whether this host, as written, is `localhost` or an address that isn't one of the public Internet."""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def address_refusal(host: str, address: str) -> str:
    """Why `host`, which is at `address`, mustn't be connected to; "" if it may."""
    if is_private(host) or not is_private(address):
        return ""
    return f"{host} is the private address {address}; to crawl that, name the address itself"


class PublicResolver(CachingThreadedResolver):
    """Scrapy's resolver of host names, which doesn't find private addresses. What it refused is in `refused`."""

    refused: dict[str, str] = {}

    def getHostByName(self, name: str, timeout: Sequence[int] = ()) -> Deferred[str]:
        """As Twisted's. Fails with DNSLookupError."""

        def check(address: str) -> str:
            refusal = address_refusal(name, address)
            if refusal:
                self.refused[name] = refusal
                raise DNSLookupError(refusal)
            return address

        return super().getHostByName(name, timeout).addCallback(check)


def _place(url: str) -> tuple[str, int] | str:
    """Host and port, or what is wrong."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return str(error)
    if parts.scheme not in _PORTS:
        return "its scheme is neither http nor https"
    if not parts.hostname:
        return "it names no host"
    if parts.username is not None:
        return "it carries a user name"
    return parts.hostname.rstrip("."), port or _PORTS[parts.scheme]
