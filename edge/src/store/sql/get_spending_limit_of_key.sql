-- get_spending_limit_of_key: as get_spending_limit, by the key's hash.  ?1 key_sha256  ?2 month
SELECT balance_credits, monthly_quota_credits, used_credits FROM spending_limits WHERE key_sha256 = ?1 AND month = ?2;
