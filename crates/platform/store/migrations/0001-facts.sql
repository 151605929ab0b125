-- The stream's place: one row, counted up inside each transaction.
CREATE TABLE epoch (
    only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
    incarnation INTEGER NOT NULL,
    number      INTEGER NOT NULL
) STRICT;
INSERT INTO epoch VALUES (1, 1, 0);

-- Facts as they now are, one row per entity. `owner` is the session of an app token.
CREATE TABLE facts (
    kind    TEXT NOT NULL,
    key     TEXT NOT NULL,
    version INTEGER NOT NULL,
    owner   TEXT,
    body    TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX facts_by_owner ON facts (kind, owner) WHERE owner IS NOT NULL;

-- The version of a collection as a whole, which removals move too.
CREATE TABLE collections (
    kind    TEXT PRIMARY KEY,
    version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Recent transactions, for those who follow; bounded.
CREATE TABLE changes (
    incarnation INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    actor       TEXT NOT NULL,
    body        TEXT NOT NULL,
    PRIMARY KEY (incarnation, number)
) STRICT, WITHOUT ROWID;

-- Every set of policies that was ever applied, for rollback.
CREATE TABLE policy_history (
    incarnation INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    actor       TEXT NOT NULL,
    body        TEXT NOT NULL,
    PRIMARY KEY (incarnation, number)
) STRICT;

-- Single-use links. Spent and revoked ones are kept a while, so that the page can say so.
CREATE TABLE links (
    id       TEXT PRIMARY KEY,
    hash     BLOB NOT NULL UNIQUE,
    kind     TEXT NOT NULL,
    user     TEXT NOT NULL,
    made_by  TEXT NOT NULL,
    made_at  INTEGER NOT NULL,
    expires  INTEGER NOT NULL,
    spent_at INTEGER,
    revoked  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX links_by_user ON links (user);

-- Values that can be taken once. A spent one keeps its row, without its payload, until it expires.
CREATE TABLE once (
    purpose  TEXT NOT NULL,
    hash     BLOB NOT NULL,
    expires  INTEGER NOT NULL,
    spent_at INTEGER,
    payload  BLOB NOT NULL,
    PRIMARY KEY (purpose, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX once_by_expiry ON once (expires);

-- Factor secrets: they live and die with the factor in the person's facts.
CREATE TABLE passkeys (
    factor        TEXT PRIMARY KEY,
    user          TEXT NOT NULL,
    credential_id BLOB NOT NULL UNIQUE,
    credential    TEXT NOT NULL,
    last_used     INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX passkeys_by_user ON passkeys (user);

CREATE TABLE recovery_sets (
    factor TEXT PRIMARY KEY,
    user   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX recovery_sets_by_user ON recovery_sets (user);

CREATE TABLE recovery_codes (
    factor  TEXT NOT NULL REFERENCES recovery_sets (factor) ON DELETE CASCADE,
    place   INTEGER NOT NULL,
    hash    TEXT NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (factor, place)
) STRICT, WITHOUT ROWID;

-- Private keys, encrypted under the key file, bound to their names.
CREATE TABLE sealed (
    name  TEXT PRIMARY KEY,
    bytes BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Notes, saved lazily: none of them is a fact.
CREATE TABLE seen (
    session TEXT PRIMARY KEY,
    at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE clock (
    only_row   INTEGER PRIMARY KEY CHECK (only_row = 1),
    high_water INTEGER NOT NULL
) STRICT;
INSERT INTO clock VALUES (1, 0);

CREATE TABLE log_heads (
    log  TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    head TEXT NOT NULL
) STRICT, WITHOUT ROWID;
