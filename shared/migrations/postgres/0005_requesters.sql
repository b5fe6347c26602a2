-- An external id belongs to its requester: two ministries may both number from 1.
ALTER TABLE lines ADD COLUMN requester text;
UPDATE lines SET requester = body::json ->> 'requester';
ALTER TABLE lines ALTER COLUMN requester SET NOT NULL;
ALTER TABLE lines DROP CONSTRAINT lines_external_key;
ALTER TABLE lines ADD CONSTRAINT lines_of_requester UNIQUE (external, requester);
