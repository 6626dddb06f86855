-- Deleting a deal releases the leads that became it.
CREATE INDEX lead_converted_opportunity_id_idx ON lead (converted_opportunity_id, id)
    WHERE deleted_at IS NULL AND converted_opportunity_id IS NOT NULL;
