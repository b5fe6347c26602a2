-- Nobody begins to lead before this transaction ends.
SELECT holder FROM leadership WHERE until > clock_timestamp() FOR UPDATE
