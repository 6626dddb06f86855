//! Records' uuids in SQL.

use crm_domain::{
    error::Result,
    tenant::{change::EntityKind, identity::IdentityReads},
};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl};
use uuid::Uuid;

use super::{
    Session,
    column::uuid,
    schema::{account, activity, contact, lead, opportunity, partner, task, ticket, webhook},
};
use crate::error::map;

impl<State> IdentityReads for Session<'_, State> {
    fn uuids_of(&mut self, kind: EntityKind, ids: &[i64]) -> Result<Vec<(i64, Uuid)>> {
        macro_rules! kept {
            ($($kind:ident: $table:ident),+ $(,)?) => {
                match kind {
                    $(EntityKind::$kind => {
                        let rows = $table::table.filter($table::id.eq_any(ids)).select(($table::id, $table::uuid));
                        rows.load(self.connection).map_err(map)?
                    })+
                    _ => Vec::new(),
                }
            };
        }
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<(i64, String)> = kept! {
            Account: account,
            Activity: activity,
            Contact: contact,
            Lead: lead,
            Opportunity: opportunity,
            Partner: partner,
            Task: task,
            Ticket: ticket,
            Webhook: webhook,
        };
        rows.into_iter().map(|(id, text)| Ok((id, uuid(&text)?))).collect()
    }

    fn id_of(&mut self, kind: EntityKind, uuid: Uuid) -> Result<Option<i64>> {
        // Those whose uuids have an index.
        macro_rules! known {
            ($($kind:ident: $table:ident),+ $(,)?) => {
                match kind {
                    $(EntityKind::$kind => {
                        let row = $table::table.filter($table::uuid.eq(uuid.to_string())).select($table::id);
                        row.first(self.connection).optional().map_err(map)
                    })+
                    _ => Ok(None),
                }
            };
        }
        known! { Lead: lead, Opportunity: opportunity, Task: task, Webhook: webhook }
    }
}
