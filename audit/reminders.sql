-- Reminders: when people are to be reminded of an approval that still waits, and when that was recorded.

ALTER TABLE approvals ADD COLUMN remind TEXT;    -- from then on; NULL: never
ALTER TABLE approvals ADD COLUMN reminded TEXT;  -- NULL: not yet

CREATE INDEX approvals_to_remind ON approvals (remind) WHERE status = 'waiting' AND reminded IS NULL AND remind IS NOT NULL;
