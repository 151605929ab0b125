-- What an authorisation server keeps: codes, families of refresh tokens, what waits on another
-- device, what people agreed to. Found by a hash, and changed only as it was read.
CREATE TABLE kept (
    kind    TEXT NOT NULL,
    hash    BLOB NOT NULL,
    owner   TEXT,
    version INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (kind, hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_by_owner ON kept (owner) WHERE owner IS NOT NULL;
CREATE INDEX kept_by_expiry ON kept (expires);
