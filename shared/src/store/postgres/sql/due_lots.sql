SELECT step, class, id, due FROM lots WHERE due <= $1 LIMIT $2
