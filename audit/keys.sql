-- What vouches for the log: where it ends, and where each of its chains ends, authenticated by a key outside this file.

CREATE TABLE log (
    one       INTEGER PRIMARY KEY CHECK (one = 1),
    origin    TEXT NOT NULL,           -- the log's name in its checkpoints
    store_key TEXT NOT NULL,           -- id of the key that authenticates this row
    signer    TEXT NOT NULL,           -- the public key of who signs checkpoints
    size      INTEGER NOT NULL,        -- how many Entries there are
    frontier  BLOB NOT NULL,           -- RFC 6962: roots of the complete subtrees over their leaves, the largest first
    newest    TEXT NOT NULL,           -- when the last one was written
    chains    INTEGER NOT NULL,        -- how many chains there are
    heads     BLOB NOT NULL,           -- the root of the tree over where they end
    mac       BLOB NOT NULL            -- HMAC-SHA256 of all of this
) STRICT;

CREATE TABLE heads (
    level  INTEGER NOT NULL,           -- 0: of chains; above: of nodes
    place  INTEGER NOT NULL,           -- 0, 1, 2, ... within the level
    hashes BLOB NOT NULL,              -- of up to 32 chains or nodes, in order
    PRIMARY KEY (level, place)
) STRICT, WITHOUT ROWID;

ALTER TABLE chains ADD COLUMN leaf INTEGER;  -- its place in the tree of heads: 0, 1, 2, ...

CREATE TRIGGER entries_are_kept BEFORE DELETE ON entries BEGIN
    SELECT RAISE(ABORT, 'the log is append-only');
END;

CREATE TRIGGER entries_stay_as_they_are BEFORE UPDATE ON entries BEGIN
    SELECT RAISE(ABORT, 'the log is append-only');
END;
