SELECT holder FROM leadership WHERE until > clock_timestamp()
