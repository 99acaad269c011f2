-- Values of secret fields, encrypted under a key that is derived from the store key, until their action has ended.

CREATE TABLE secret_fields (
    plan     TEXT NOT NULL,
    number   INTEGER NOT NULL,
    revision INTEGER NOT NULL,         -- of the action that the value was decided with
    field    TEXT NOT NULL,            -- as plans and rules name it
    sealed   BLOB NOT NULL,            -- a nonce, and the AES-256-GCM of salt, length and value, bound to all of the above
    PRIMARY KEY (plan, number, revision, field),
    FOREIGN KEY (plan, number) REFERENCES actions (plan, number)
) STRICT, WITHOUT ROWID;
