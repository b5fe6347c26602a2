SELECT id, subjects FROM leases WHERE id <= ?1 ORDER BY id
