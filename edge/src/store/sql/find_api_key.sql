-- find_api_key: the key with this hash, revoked ones too.  ?1 key_sha256
SELECT * FROM api_keys WHERE key_sha256 = ?1;
