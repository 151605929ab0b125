"""Runs every check of scim2-tester against a server; fails where one is not a success."""

import sys
from collections import Counter

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

GOOD = {Status.SUCCESS, Status.COMPLIANT}


def main(base: str, token: str) -> int:
    client = Client(base_url=base, headers={"Authorization": f"Bearer {token}"})
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
