-- In which of the two queues a job's task waits: heavy work must not starve light work, nor the other way round.
ALTER TABLE jobs ADD COLUMN pool TEXT NOT NULL DEFAULT 'light' CONSTRAINT pool_is_known CHECK (pool IN ('light', 'heavy'));
