-- Where plans come from, beside the request: what their planners were given and said, and what a second opinion said.

-- canonical JSON: {"context": [{"source", "trust", "text"}], "disputed": [...], "planned": {...} or null}; NULL where there
-- is nothing of that, as in rows from before this step
ALTER TABLE plans ADD COLUMN origin BLOB;
