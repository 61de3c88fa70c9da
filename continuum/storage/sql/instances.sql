-- name: put_instance
-- scope: tenant
-- Join, or come back. Who comes back keeps what it had acknowledged, unless it brings a later place.
INSERT INTO instances (tenant_id, instance_id, joined_at, state, beat, beat_at, lease_ms, session_id, details, changed)
VALUES (:tenant_id, :instance_id, :now, 'here', :first_beat, :now, :lease_ms, :session_id, :details, :changed)
ON CONFLICT (tenant_id, instance_id) DO UPDATE
SET joined_at = excluded.joined_at,
    state = excluded.state,
    beat = instances.beat + 1,
    beat_at = excluded.beat_at,
    lease_ms = excluded.lease_ms,
    session_id = excluded.session_id,
    details = excluded.details,
    changed = excluded.changed;

-- name: greet_instance
-- scope: tenant
-- Join again while still here: a beat, and nothing that others have to hear of.
UPDATE instances
SET beat = beat + 1, beat_at = :now, lease_ms = :lease_ms, session_id = :session_id, details = :details
WHERE tenant_id = :tenant_id AND instance_id = :instance_id;

-- name: beat_instances
-- scope: tenant
UPDATE instances SET beat = beat + 1, beat_at = :now
WHERE tenant_id = :tenant_id AND state = 'here' AND instance_id IN :list
RETURNING instance_id, beat;

-- name: acknowledge_for_instance
-- scope: tenant
-- What was acknowledged only grows, whichever of two sockets of an instance is written last.
UPDATE instances SET acked_seq = :acked_seq, details = :details
WHERE tenant_id = :tenant_id AND instance_id = :instance_id AND acked_seq <= :acked_seq;

-- name: leave_instance
-- scope: tenant
-- Only at the beat that whoever reports it knows of: an instance that came back elsewhere meanwhile is here.
UPDATE instances SET state = :state, changed = :changed
WHERE tenant_id = :tenant_id AND instance_id = :instance_id AND state = 'here' AND beat = :beat
RETURNING instance_id;

-- name: forget_departed_instances
-- scope: tenant
DELETE FROM instances WHERE tenant_id = :tenant_id AND changed < :before AND state <> 'here';

-- name: get_instance
-- scope: tenant
SELECT instance_id, joined_at, state, beat, beat_at, lease_ms, session_id, acked_seq, details, changed
FROM instances WHERE tenant_id = :tenant_id AND instance_id = :instance_id;

-- name: list_instances
-- scope: tenant
SELECT instance_id, joined_at, state, beat, beat_at, lease_ms, session_id, acked_seq, details, changed
FROM instances WHERE tenant_id = :tenant_id AND instance_id > :after ORDER BY instance_id LIMIT :limit;

-- name: list_instances_here
-- scope: tenant
SELECT instance_id, joined_at, state, beat, beat_at, lease_ms, session_id, acked_seq, details, changed
FROM instances WHERE tenant_id = :tenant_id AND state = 'here' AND instance_id > :after
ORDER BY instance_id LIMIT :limit;

-- name: instances_changed
-- scope: tenant
SELECT instance_id, joined_at, state, beat, beat_at, lease_ms, session_id, acked_seq, details, changed
FROM instances WHERE tenant_id = :tenant_id AND changed > :after ORDER BY changed LIMIT :limit;

-- name: newest_instance_change
-- scope: tenant
SELECT changed FROM instances WHERE tenant_id = :tenant_id ORDER BY changed DESC LIMIT 1;

-- name: count_instances_here
-- scope: tenant
SELECT COUNT(*) FROM instances WHERE tenant_id = :tenant_id AND state = 'here';
