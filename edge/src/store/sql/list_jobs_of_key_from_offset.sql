-- list_jobs_of_key_from_offset: the newest of the key's account but so many; those whose state is in a list, or all where it is empty.
-- ?1 key_sha256  ?2 offset  ?3 limit  ?4 states_json
SELECT jobs.* FROM api_keys JOIN jobs ON jobs.account_id = api_keys.account_id
WHERE api_keys.key_sha256 = ?1 AND jobs.deleted_at_ms IS NULL AND (?4 = '[]' OR instr(?4, '"' || jobs.state || '"') > 0)
ORDER BY jobs.id DESC LIMIT ?3 OFFSET ?2;
