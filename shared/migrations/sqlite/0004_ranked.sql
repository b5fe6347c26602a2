-- Lots by priority, however many there are: a page is found without sorting them all.
CREATE INDEX lots_ranked ON lots (class, rank, id);
