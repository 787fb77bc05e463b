-- correct_reserve: the job follows the adjust entry of the same batch.  ?1 entry id  ?2 job id  ?3 corrected reserved_credits
UPDATE jobs SET reserved_credits = ?3
WHERE id = ?2 AND EXISTS (SELECT 1 FROM ledger_entries WHERE id = ?1);
