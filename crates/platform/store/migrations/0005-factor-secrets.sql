-- Secrets of factors that have to be kept as they are, or hashed: the hash of a password, the secret
-- of an authenticator app. Each is sealed under the key file, bound to its factor.
CREATE TABLE factor_secrets (
    factor  TEXT PRIMARY KEY,
    user    TEXT NOT NULL,
    -- Moves with each change or use, and never goes back.
    counter INTEGER NOT NULL,
    sealed  BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX factor_secrets_by_user ON factor_secrets (user);
