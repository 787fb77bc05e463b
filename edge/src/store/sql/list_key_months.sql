-- list_key_months: what each key of the key's account has spent in each month since.  ?1 key_sha256  ?2 first month
SELECT keys.id, keys.label, keys.project_label, key_months.month, key_months.used_credits
FROM api_keys AS presented
JOIN api_keys AS keys ON keys.account_id = presented.account_id
JOIN key_months ON key_months.api_key_id = keys.id AND key_months.month >= ?2
WHERE presented.key_sha256 = ?1;
