-- Nobody else can lead before this transaction ends.
SELECT term FROM leadership WHERE until > clock_timestamp() FOR SHARE
