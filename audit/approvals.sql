-- Edits of actions that wait, and what voters were shown.

-- What an action was before somebody edited it: the revision that the next one took the place of, and who wrote that.
CREATE TABLE edits (
    plan     TEXT NOT NULL,
    number   INTEGER NOT NULL,
    revision INTEGER NOT NULL,         -- the one that was replaced; the next is the next row's, or the action's own
    body     BLOB NOT NULL,            -- of that revision: the resolved action as canonical JSON
    digest   TEXT NOT NULL,            -- SHA-256 of body
    editor   TEXT NOT NULL,            -- who wrote the next one
    how      TEXT NOT NULL,            -- how the editor was identified
    os_user  INTEGER,
    reason   TEXT NOT NULL,
    at       TEXT NOT NULL,            -- when it was replaced
    PRIMARY KEY (plan, number, revision),
    FOREIGN KEY (plan, number) REFERENCES actions (plan, number)
) STRICT, WITHOUT ROWID;

-- JSON: who wrote what is to be signed, beside the requester, and so cannot sign it
ALTER TABLE approvals ADD COLUMN editors TEXT NOT NULL DEFAULT '[]';

-- digest of the card that the voter was shown; NULL where that was not kept yet
ALTER TABLE votes ADD COLUMN card TEXT;
