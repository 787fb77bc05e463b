-- How often transcoders gave the run back for a fault of their own machine. Such attempts do not count; their number is bounded
-- by itself, so that no run circles for ever.
ALTER TABLE jobs ADD COLUMN give_backs INTEGER NOT NULL DEFAULT 0 CONSTRAINT give_backs_are_never_negative CHECK (give_backs >= 0);
