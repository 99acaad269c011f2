-- Approval routes: what makes signing easier, where every rule that asked says so.

-- 1 where the requester's own vote counts
ALTER TABLE approvals ADD COLUMN own_vote INTEGER NOT NULL DEFAULT 0 CHECK (own_vote IN (0, 1));

-- JSON: {seat: {who may fill it, too: seconds after asking}}
ALTER TABLE approvals ADD COLUMN stand_ins TEXT NOT NULL DEFAULT '{}';
