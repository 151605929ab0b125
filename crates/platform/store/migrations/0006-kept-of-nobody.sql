-- Records that belong to nobody, or to nobody any more: found without reading those of everybody.
CREATE INDEX kept_of_nobody ON kept (kind) WHERE owner IS NULL;
