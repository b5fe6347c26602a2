SELECT id, subjects FROM leases ORDER BY id
