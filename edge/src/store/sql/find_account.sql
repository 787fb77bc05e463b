-- find_account: with the sum of its ledger beside the balance, so that an operator can see that they agree.  ?1 account id
SELECT id, name, balance_credits, created_at_ms,
    (SELECT coalesce(sum(amount_credits), 0) FROM ledger_entries WHERE account_id = accounts.id) AS ledger_credits
FROM accounts WHERE id = ?1;
