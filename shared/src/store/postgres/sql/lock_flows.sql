-- Whoever claims within a limit waits for whoever does so too, key by key.
INSERT INTO flows (kind, key)
SELECT DISTINCT kind, body FROM jobs WHERE id = ANY ($1) AND kind = $2 AND due <= $3 ORDER BY body
ON CONFLICT (kind, key) DO UPDATE SET kind = excluded.kind
