-- pause_provider: nothing is sent to it until then.  ?1 provider  ?2 until_ms
INSERT INTO provider_pauses (provider, until_ms) VALUES (?1, ?2)
ON CONFLICT (provider) DO UPDATE SET until_ms = max(until_ms, excluded.until_ms);
