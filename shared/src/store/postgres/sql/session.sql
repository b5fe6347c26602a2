SELECT current_setting('statement_timeout'), pg_backend_pid()
