-- get_balance: what an account can still spend.  ?1 account id
SELECT balance_credits FROM accounts WHERE id = ?1;
