-- name: read_feed
-- scope: tenant
SELECT seq, kind, entry_id, recorded_at,
  CASE WHEN kind IN ('erasure', 'revision', 'quarantine', 'release', 'supersession') THEN payload ELSE '{}' END
FROM log WHERE tenant_id = :tenant_id AND seq > :after ORDER BY seq LIMIT :limit;

-- name: read_feed_sources
-- scope: tenant
-- Whose messages they are, without the words. Asked beside the entries and not joined to them: every message is an
-- entry, so the first ones after a position are among the first entries or behind them, and nothing is sorted.
SELECT seq, exchange_id, session_id, instance_id, role
FROM auto_messages WHERE tenant_id = :tenant_id AND seq > :after ORDER BY seq LIMIT :limit;
