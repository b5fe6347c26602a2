DELETE FROM jobs WHERE id = ? AND version = ?
