-- get_spending_limit: what a key may still spend in a month.  ?1 key id  ?2 month
SELECT balance_credits, monthly_quota_credits, used_credits FROM spending_limits WHERE api_key_id = ?1 AND month = ?2;
