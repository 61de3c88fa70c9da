-- name: unfinished_erasures
-- scope: system
-- What is erased stays so: no server promises that the bytes are gone, so nobody waits for it.
SELECT DISTINCT tenant_id FROM erasures WHERE state NOT IN ('erased', 'scrubbed') ORDER BY tenant_id LIMIT :limit;
