DELETE FROM notes WHERE kind = ? AND key = ?
