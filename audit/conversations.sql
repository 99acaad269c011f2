-- Conversations: plans that grow. What was said in each, and what became of a model's calls.

CREATE TABLE conversations (
    plan  TEXT PRIMARY KEY REFERENCES plans (id),
    last  INTEGER NOT NULL,            -- the number of the last message: whoever goes on must have seen it
    ended TEXT                         -- why it ended; NULL while it goes on
) STRICT, WITHOUT ROWID;

CREATE TABLE messages (
    plan    TEXT NOT NULL REFERENCES conversations (plan),
    number  INTEGER NOT NULL,          -- its place in the conversation, from 1
    role    TEXT NOT NULL,             -- who speaks: user, assistant (the model) or tool (what came of one call)
    text    TEXT NOT NULL,
    calls   TEXT NOT NULL,             -- a JSON list: the model's calls, each with the action that it became, or why it became none
    answers TEXT,                      -- of a tool: the id of the call that it answers
    tokens  INTEGER,                   -- of the model: what its turn took, where somebody counted that
    PRIMARY KEY (plan, number)
) STRICT, WITHOUT ROWID;
