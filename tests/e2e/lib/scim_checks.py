"""Runs every check of scim2-tester against a source of a running Gatewright; fails where one is not a success.

Usage: scim_checks.py BASE SECRET AUTHORITY. Names below `localhost` are looked up here, since not every system does."""

import socket
import ssl
import sys
from collections import Counter

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

GOOD = {Status.SUCCESS, Status.COMPLIANT}
ask_system = socket.getaddrinfo


def look_up(host, *rest, **more):
    name = host.decode() if isinstance(host, bytes) else host
    return ask_system("127.0.0.1" if name and name.endswith(".localhost") else host, *rest, **more)


def main(base: str, secret: str, authority: str) -> int:
    socket.getaddrinfo = look_up
    context = ssl.create_default_context(cafile=authority)
    client = Client(base_url=base, headers={"Authorization": f"Bearer {secret}"}, verify=context, timeout=30)
    scim = SyncSCIMClient(client)
    scim.discover()
    results = check_server(scim)
    print(dict(Counter(result.status.name for result in results)))
    bad = [result for result in results if result.status not in GOOD]
    for result in bad:
        print(result.status.name, result.title, result.resource_type, result.reason, result.data)
    return 1 if bad or not results else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
