"""The sockets of the server: an address resolved, bound once, and listened on."""

import contextlib
import errno
import os
import socket
from collections.abc import Iterator

from mockserver.errors import StartError

BACKLOG = 1024
"""Connections that wait until they are accepted."""
PORTS_TO_TRY = 20
"""How often the system is asked for a port that is free on every address."""
LOCALHOST = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))
"""What `localhost` means to clients, of which some try one family only, whatever the hosts file
says."""
NO_SUCH_FAMILY = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)

Address = tuple[socket.AddressFamily, str]


def open_listeners(host: str, port: int) -> list[socket.socket]:
    """Return sockets that listen on every address of a host, all on one port; raises StartError.

    Port 0 is one that the system chooses. A second server on the same address is refused.
    """
    for _ in range(PORTS_TO_TRY):
        with contextlib.ExitStack() as opened:
            try:
                sockets = list(_open_all(resolve_host(host), port, opened))
            except OSError as error:
                if error.errno == errno.EADDRINUSE and port == 0:
                    continue  # the port is free on one address and taken on another
                raise StartError(f"--bind {_name(host, port)}: {_describe(error)}") from error
            opened.pop_all()
            return sockets
    raise StartError(f"--bind {_name(host, port)}: no port is free on every address of {host}")


def resolve_host(host: str) -> list[Address]:
    """Return the addresses of a host with their families; raises OSError."""
    if host == "localhost":
        return list(LOCALHOST)
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except UnicodeError as error:  # a part of the name is empty or too long
        raise OSError("not a valid name of a host") from error
    return list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))


def get_port(listeners: list[socket.socket]) -> int:
    """Return the port that sockets listen on."""
    port: int = listeners[0].getsockname()[1]
    return port


def _open_all(
    addresses: list[Address], port: int, opened: contextlib.ExitStack
) -> Iterator[socket.socket]:
    missing: OSError | None = None
    found = False
    for family, address in addresses:
        try:
            listener = opened.enter_context(_listen(family, address, port))
        except OSError as error:
            if error.errno not in NO_SUCH_FAMILY or len(addresses) == 1:
                raise
            missing = error  # this machine has only the other family
        else:
            found, port = True, listener.getsockname()[1]
            yield listener
    if missing and not found:
        raise missing


def _listen(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # This shares a port whose connections are closing, and never one that is listened on.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Connections inherit it. Without it a small body waits 40 ms, for the client to acknowledge
        # its headers, which the server sends by themselves now and then.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if family == socket.AF_INET6:
            only = int(address != "::")  # which stands for every address of both families
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
        listener.bind((address, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except (OSError, OverflowError):
        listener.close()
        raise
    return listener


def _describe(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "this host is not known; use an address of this machine, such as 127.0.0.1"
    reason = os.strerror(error.errno) if error.errno else str(error)
    if error.errno == errno.EADDRINUSE:
        return f"{reason}: stop what listens there, or choose another port (port 0: a free one)"
    return f"{reason}; choose another address"


def _name(host: str, port: int) -> str:
    return f"{f'[{host}]' if ':' in host else host}:{port}"
