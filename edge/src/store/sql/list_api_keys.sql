-- list_api_keys: all of an account, with what each has spent this month.  ?1 account id  ?2 month
SELECT api_keys.*, coalesce(key_months.used_credits, 0) AS used_credits
FROM api_keys
LEFT JOIN key_months ON key_months.api_key_id = api_keys.id AND key_months.month = ?2
WHERE api_keys.account_id = ?1
ORDER BY api_keys.id DESC;
