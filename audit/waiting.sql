-- What is asked at every submit and every resume is found by an index, however much waits.

-- Who asked for it, as `fold_name` writes ids: all spellings of one person's; '' in rows from before this step
ALTER TABLE actions ADD COLUMN person TEXT NOT NULL DEFAULT '';

CREATE INDEX actions_untouched ON actions (person) WHERE status IN ('ready', 'waiting', 'approved');

DROP INDEX approvals_waiting;
CREATE INDEX approvals_waiting ON approvals (status, expires) WHERE status = 'waiting';
