"""Asks two servers the same, of the same people: filters, orders and patches, drawn at random from a seed.

Usage: beside.py <ours> <token> <theirs> <token> [seed]
"""

import json
import random
import sys

from httpx2 import Client

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
KEPT = ["userName", "externalId", "displayName", "title", "userType", "active", "name", "emails", ENTERPRISE]


class Server:
    def __init__(self, base, token):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
        self.http = Client(base_url=base, headers=headers)
        self.ids = {}

    def create(self, user):
        answer = self.http.post("/Users", json=user)
        assert answer.status_code == 201, answer.text
        self.ids[user["userName"]] = answer.json()["id"]

    def found(self, **query):
        answer = self.http.get("/Users", params={"count": 100, **query})
        if answer.status_code != 200:
            return answer.status_code
        return [user["userName"] for user in answer.json().get("Resources") or []]

    def ordered(self, by, **query):
        """The values that users come in the order of: among the same, any order is as good."""
        answer = self.http.get("/Users", params={"count": 100, "sortBy": by, **query}).json()
        return [str(value(user, by)).casefold() for user in answer["Resources"]]

    def patched(self, name, operations):
        path = f"/Users/{self.ids[name]}"
        answer = self.http.patch(path, json={"schemas": [PATCH], "Operations": operations})
        if answer.status_code not in (200, 204):
            return answer.status_code
        user = self.http.get(path).json()
        return {key: plain(user[key]) for key in KEPT if user.get(key) is not None}


def value(user, path):
    if path.startswith(ENTERPRISE):
        return user[ENTERPRISE][path.rsplit(":", 1)[1]]
    for name in path.split("."):
        user = user[name]
    return user


def plain(value):
    """Without what says nothing, and with lists in one order."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return sorted(once(value), key=lambda one: json.dumps(one, sort_keys=True))
    return value


def once(values):
    """Each pair of type and value once, as RFC 7643, section 2.4, has it; not every server does."""
    merged = {}
    for one in map(plain, values):
        merged.setdefault((one.get("value"), one.get("type")), {}).update(one)
    return merged.values()


def person(draw, n):
    user = {
        "schemas": [USER, ENTERPRISE],
        "userName": f"{draw.choice('abcABC')}{draw.choice('xyz')}{n}",
        "active": draw.random() < 0.5,
        "name": {"familyName": draw.choice(["Ash", "birch", "Oak"])},
        "emails": [
            {"value": f"{kind}{n}@{draw.choice('xyz')}.example", "type": kind, "primary": kind == "work"}
            for kind in draw.sample(["work", "home", "other"], draw.randint(1, 3))
        ],
        ENTERPRISE: {"department": draw.choice(["R", "S"])},
    }
    for name in ("title", "displayName", "userType"):
        if draw.random() < 0.6:
            user[name] = draw.choice(["Ada", "ada", "Bea", "Cle"])
    if draw.random() < 0.5:
        user["externalId"] = draw.choice(["E", "e", "F"])
    return user


def comparison(draw, within=False):
    texts = ["type", "value"] if within else [
        "userName", "title", "displayName", "userType", "name.familyName", "externalId",
        "emails.type", "emails.value", f"{ENTERPRISE}:department", f"{USER}:userName",
    ]
    truths = ["primary"] if within else ["active"]
    if draw.random() < 0.2:
        return f"{draw.choice(texts)} pr"
    if draw.random() < 0.2:
        return f"{draw.choice(truths)} {draw.choice(['eq', 'ne'])} {draw.choice(['true', 'false'])}"
    operator = draw.choice(["eq", "co", "sw", "ew", "gt", "ge", "lt", "le", "EQ"])
    with_ = draw.choice(["a", "A", "Ada", "bea", "ash", "work", "x", "E", "e", "R", ".example", "m"])
    return f'{draw.choice(texts)} {operator} "{with_}"'


def filter_(draw, depth=2, within=False):
    if depth == 0 or draw.random() < 0.3:
        if not within and draw.random() < 0.2:
            return f"emails[{filter_(draw, 1, True)}]"
        return comparison(draw, within)
    first, second = filter_(draw, depth - 1, within), filter_(draw, depth - 1, within)
    return draw.choice([
        f"{first} and {second}", f"{first} or {second}", f"not ({first})", f"({first}) and ({second})",
    ])


def operation(draw):
    verb = draw.choice(["add", "replace"])
    word = draw.choice(["Ada", "Bea", "Cle"])
    kind = draw.choice(["work", "home", "other"])
    mail = f"new{draw.randint(0, 3)}@x.example"
    return draw.choice([
        {"op": verb, "path": draw.choice(["title", "displayName", "userType", "externalId"]), "value": word},
        {"op": "remove", "path": draw.choice(["title", "displayName", "userType", "externalId"])},
        {"op": verb, "value": {"title": word, "name": {"givenName": word}}},
        {"op": verb, "path": "name.givenName", "value": word},
        {"op": verb, "path": "name", "value": {"formatted": word}},
        {"op": "remove", "path": "name.familyName"},
        {"op": verb, "path": f"{ENTERPRISE}:department", "value": word},
        {"op": "remove", "path": f"{ENTERPRISE}:department"},
        {"op": "replace", "path": "active", "value": draw.random() < 0.5},
        {"op": "add", "path": "emails", "value": [{"value": mail, "type": kind}]},
        {"op": "replace", "path": "emails", "value": [{"value": mail, "type": kind}]},
        {"op": "remove", "path": f'emails[type eq "{kind}"]'},
        {"op": "replace", "path": f'emails[type eq "{kind}"].value', "value": mail},
        {"op": "remove", "path": "emails"},
    ])


def main(ours, token, theirs, their_token, seed="1"):
    draw = random.Random(seed)
    both = [Server(ours, token), Server(theirs, their_token)]
    names = []
    for n in range(24):
        user = person(draw, n)
        names.append(user["userName"])
        for server in both:
            server.create(user)
    different = []
    asked = {"filters": 0, "orders": 0, "patches": 0}

    def compare(kind, what, answers):
        asked[kind] += 1
        if answers[0] != answers[1]:
            different.append((kind, what, *answers))

    for _ in range(400):
        text = filter_(draw)
        answers = [server.found(filter=text) for server in both]
        compare("filters", text, [sorted(one) if isinstance(one, list) else one for one in answers])
    for by in ["userName", "name.familyName", "title", "active", f"{ENTERPRISE}:department"]:
        for order in ["ascending", "descending"]:
            query = {"by": by, "filter": f"{by} pr", "sortOrder": order}
            compare("orders", query, [server.ordered(**query) for server in both])
    for _ in range(300):
        name, operations = draw.choice(names), [operation(draw) for _ in range(draw.randint(1, 3))]
        compare("patches", operations, [server.patched(name, operations) for server in both])
    print(asked)
    for one in different:
        print("different:", *one, sep="\n    ")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
