"""A server's address as people write it: with or without /v1, with a slash at the end, or a whole route."""

import re
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

import httpx2

from dungeon.errors import StorytellerError

_ROUTE = re.compile(r"(/chat)?/completions$|/models$")
_VERSIONED = re.compile(r"/v\d[^/]*(/|$)")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is."""

    root: str
    """The address without the version, for a server's own routes and for messages."""
    api: str
    """Where `/completions`, `/chat/completions` and `/models` are: the root and /v1, or what the player wrote."""
    origin: str
    """Protocol, host and port: whom a key belongs to."""
    host: str

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine: at its loopback, or at the address of all."""
        name = self.host.rstrip(".")
        with suppress(ValueError):
            ip = ip_address(name)
            if isinstance(ip, IPv6Address):
                ip = ip.ipv4_mapped or ip
            return ip.is_loopback or ip.is_unspecified
        return name == "localhost" or name.endswith(".localhost")


def parse_address(url: str) -> Address:
    """Return the address that the player wrote.

    Raises:
        StorytellerError: it is not the address of a server, or it carries a password or a key.
    """
    try:
        address = httpx2.URL(url.strip())
    except httpx2.InvalidURL as error:
        raise StorytellerError(f"'{url[:200]}' is not the address of a server: {error}.") from error
    if address.userinfo or address.query:
        # The address itself is not repeated: it may hold a key.
        raise StorytellerError(
            f"The address of the server at {address.host} carries a name, a password or a query. Give the address "
            "alone, and put the key into the variable DUNGEON_API_KEY."
        )
    if address.scheme not in ("http", "https") or not address.host:
        raise StorytellerError(
            f"'{url[:200]}' is not the address of a server. Write it with its protocol, like http://127.0.0.1:8000"
        )
    origin = f"{address.scheme}://{address.netloc.decode()}"
    path = _ROUTE.sub("", address.path.rstrip("/")).rstrip("/")
    if _VERSIONED.search(path):
        root, api = origin + path.removesuffix("/v1"), origin + path
    else:
        root, api = origin + path, f"{origin}{path}/v1"
    return Address(root, api, origin, address.host)
