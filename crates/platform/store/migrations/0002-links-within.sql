-- The groups that whoever made a link was in, as a JSON list, where they bound whom it lets in.
ALTER TABLE links ADD COLUMN within TEXT;
