SELECT count(*) > 0 FROM sqlite_master WHERE name = '_sqlx_migrations'
