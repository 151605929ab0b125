-- Who proposed a set of policies that somebody else approved.
ALTER TABLE policy_history ADD COLUMN proposed_by TEXT;
