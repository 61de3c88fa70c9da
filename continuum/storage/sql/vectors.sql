-- name: put_vectors
-- scope: tenant
INSERT INTO vectors (tenant_id, model, message_seq, chunk, vector)
VALUES :rows(:tenant_id, ?, ?, ?, ?)
ON CONFLICT (tenant_id, model, message_seq, chunk) DO UPDATE SET vector = excluded.vector;

-- name: existing_vectors
-- scope: tenant
SELECT message_seq, chunk FROM vectors
WHERE tenant_id = :tenant_id AND model = :model AND message_seq IN :list;

-- name: vectors_after
-- scope: tenant
SELECT message_seq, model, vector, chunk FROM vectors
WHERE tenant_id = :tenant_id AND model = :model AND message_seq > :after
ORDER BY message_seq, chunk LIMIT :limit;

-- name: messages_without_vector
-- scope: tenant
SELECT seq FROM message_index
WHERE tenant_id = :tenant_id AND seq > :after AND NOT EXISTS (
  SELECT 1 FROM vectors
  WHERE vectors.tenant_id = :tenant_id AND vectors.model = :model AND vectors.message_seq = message_index.seq)
ORDER BY seq LIMIT :limit;

-- name: count_vectors
-- scope: tenant
SELECT COUNT(*) FROM vectors WHERE tenant_id = :tenant_id AND model = :model;
