-- One file holds the queue, the approvals and the audit log. Times are UTC text of fixed width, so they sort as text.

CREATE TABLE policies (
    digest  TEXT PRIMARY KEY,          -- SHA-256 of the file's bytes
    name    TEXT NOT NULL,
    source  BLOB NOT NULL,             -- the file's bytes
    outline TEXT NOT NULL,             -- its structure, as canonical JSON: what changes are told from
    active  INTEGER UNIQUE CHECK (active = 1)  -- 1 for the one in force, NULL for all others
) STRICT;

CREATE TABLE plans (
    sequence  INTEGER PRIMARY KEY,     -- in the order of acceptance
    id        TEXT NOT NULL UNIQUE,
    requester TEXT NOT NULL,
    how       TEXT NOT NULL,           -- how the requester was identified
    os_user   INTEGER,
    request   TEXT,                    -- what the user wrote, where a user wrote something
    planner   TEXT NOT NULL,           -- what made the plan
    proposed  BLOB NOT NULL,           -- the plan as it came, before names were resolved, as canonical JSON
    at        TEXT NOT NULL
) STRICT;

CREATE TABLE actions (
    plan      TEXT NOT NULL REFERENCES plans (id),
    number    INTEGER NOT NULL,        -- its place in the plan, from 1
    revision  INTEGER NOT NULL,
    type      TEXT NOT NULL,
    effect    TEXT NOT NULL,
    body      BLOB NOT NULL,           -- the resolved action as canonical JSON: what is digested, decided, shown and run
    digest    TEXT NOT NULL,           -- SHA-256 of body
    title     TEXT NOT NULL,           -- in words, for lists
    needs     TEXT NOT NULL,           -- a JSON list of numbers
    key       TEXT NOT NULL UNIQUE,    -- the idempotency key
    status    TEXT NOT NULL,
    attempt   INTEGER NOT NULL DEFAULT 0,
    result    BLOB,                    -- canonical JSON of what `run` returned
    error     TEXT,                    -- why it failed, was skipped, denied, rejected or is in doubt
    rules     TEXT NOT NULL,           -- a JSON list: the rules behind the newest decision
    PRIMARY KEY (plan, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX actions_open ON actions (status, plan)
    WHERE status IN ('ready', 'approved', 'waiting', 'executing', 'in_doubt');

CREATE TABLE approvals (
    sequence  INTEGER PRIMARY KEY,
    id        TEXT NOT NULL UNIQUE,
    plan      TEXT NOT NULL,
    number    INTEGER NOT NULL,
    revision  INTEGER NOT NULL,
    digest    TEXT NOT NULL,           -- of the action that is to be signed
    requester TEXT NOT NULL,
    asks      TEXT NOT NULL,           -- digest of the seats and the rules that asked
    seats     TEXT NOT NULL,           -- JSON: {role: how many of it must sign}
    reasons   TEXT NOT NULL,           -- JSON: the rules that asked, with the values they read
    policy    TEXT NOT NULL REFERENCES policies (digest),
    status    TEXT NOT NULL,
    asked     TEXT NOT NULL,
    expires   TEXT NOT NULL,
    FOREIGN KEY (plan, number) REFERENCES actions (plan, number)
) STRICT;

CREATE INDEX approvals_of_action ON approvals (plan, number);
CREATE INDEX approvals_waiting ON approvals (status) WHERE status = 'waiting';

CREATE TABLE votes (
    approval TEXT NOT NULL REFERENCES approvals (id),
    voter    TEXT NOT NULL,
    how      TEXT NOT NULL,            -- how the voter was identified
    os_user  INTEGER,
    choice   TEXT NOT NULL,            -- approve or reject
    reason   TEXT,
    digest   TEXT NOT NULL,            -- of the action that the voter was shown
    at       TEXT NOT NULL,
    used     INTEGER,                  -- the attempt that consumed it, NULL while it can still serve
    PRIMARY KEY (approval, voter)      -- one person, one vote
) STRICT, WITHOUT ROWID;

CREATE TABLE entries (
    number INTEGER PRIMARY KEY,        -- 1, 2, 3, ... over the whole log, without a gap
    chain  TEXT NOT NULL,              -- the plan's id, or 'system'
    place  INTEGER NOT NULL,           -- 1, 2, 3, ... within the chain
    body   BLOB NOT NULL,              -- canonical JSON, exactly as it was hashed
    hash   BLOB NOT NULL,              -- SHA-256 of body, which holds the hash of the chain's entry before it
    leaf   BLOB NOT NULL,              -- RFC 6962 leaf hash: SHA-256 of 0x00 and body
    UNIQUE (chain, place)
) STRICT;

CREATE TABLE chains (
    chain  TEXT PRIMARY KEY,
    length INTEGER NOT NULL,           -- so that a chain which lost its end is seen
    head   BLOB NOT NULL               -- the hash of its last entry
) STRICT, WITHOUT ROWID;
