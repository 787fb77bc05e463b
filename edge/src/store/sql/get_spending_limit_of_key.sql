-- get_spending_limit_of_key: as get_spending_limit, by the key's hash.  ?1 key_sha256  ?2 month
SELECT accounts.balance_credits, api_keys.monthly_quota_credits, coalesce(key_months.used_credits, 0) AS used_credits
FROM api_keys
JOIN accounts ON accounts.id = api_keys.account_id
LEFT JOIN key_months ON key_months.api_key_id = api_keys.id AND key_months.month = ?2
WHERE api_keys.key_sha256 = ?1;
