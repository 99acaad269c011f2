-- Leases: who executes an action outside the database now. Empty while nobody does: it has ended, or goes on later.

-- the number of the Entry that told of the lease; it grows over the whole log, and none comes twice
ALTER TABLE actions ADD COLUMN fence INTEGER;

-- which process holds it, as HOST:PROCESS
ALTER TABLE actions ADD COLUMN worker TEXT;

-- until when nobody else may take it over; a heartbeat moves it on, without an Entry
ALTER TABLE actions ADD COLUMN held_until TEXT;
