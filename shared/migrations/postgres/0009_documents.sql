-- Documents that are taken are records. What was taken before is moved by the program.
ALTER TABLE inbox RENAME TO old_documents;
