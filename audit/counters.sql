-- What the counters of the policy in force count: a row for each action and counter, made when the action is accepted.
-- It is held until the action ends: done, it has the time of that; else the row goes.

CREATE TABLE counted (
    counter  TEXT NOT NULL,            -- digest of what the counter is
    key      TEXT NOT NULL,            -- a JSON list: the values of its keys, texts folded
    done     TEXT NOT NULL,            -- when the action was done; 'held', which sorts after all times, until it ends
    accepted INTEGER NOT NULL,         -- the number of the Entry with which its plan was accepted
    number   INTEGER NOT NULL,         -- the action's place in the plan
    plan     TEXT NOT NULL,
    amount   INTEGER,                  -- what it adds: 1, a whole number, or minor units of money; NULL: it does not say
    PRIMARY KEY (counter, key, done, accepted, number),
    FOREIGN KEY (plan, number) REFERENCES actions (plan, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX counted_of_action ON counted (plan, number);
