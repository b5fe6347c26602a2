UPDATE events SET body = ?2 WHERE position = ?1 AND body NOT LIKE '#archived %'
