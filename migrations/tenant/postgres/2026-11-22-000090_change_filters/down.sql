DROP INDEX change_actor_idx;
DROP INDEX change_entity_kind_idx;
