-- list_ledger_entries_of_key: the newest of the key's account, from below a cursor.
-- ?1 key_sha256  ?2 cursor, an entry id or beyond  ?3 limit
SELECT ledger_entries.* FROM api_keys JOIN ledger_entries ON ledger_entries.account_id = api_keys.account_id
WHERE api_keys.key_sha256 = ?1 AND ledger_entries.id < ?2
ORDER BY ledger_entries.id DESC LIMIT ?3;
