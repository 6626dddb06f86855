-- Who changed what: with the index of a record's changes, these serve every filter of the feed. Each gives all that a filter may ask but for
-- the number, in whose order the entries stand.
CREATE INDEX change_entity_kind_idx ON change (entity, kind, seq);
CREATE INDEX change_actor_idx ON change (actor, entity, kind, seq);
