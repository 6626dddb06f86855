//! One transaction of the control plane.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crm_domain::{clock::Clock, control::ControlUnit, error::Result};
use diesel::{QueryableByName, RunQueryDsl, connection::SimpleConnection, prelude::*, sql_types::BigInt};

use super::{ports::Ports, schema::control_clock};
use crate::{
    connection::Connection,
    dialect,
    error::{map, unavailable},
};

type Work<'a> = &'a mut dyn FnMut(&mut dyn ControlUnit) -> Result<()>;

/// Runs `work` and commits it durably, or leaves nothing of it.
pub(super) fn run(connection: &mut Connection, clock: &dyn Clock, work: Work<'_>) -> Result<()> {
    dialect::begin_write(connection).map_err(map)?;
    // A panic must not leave the transaction open in the pool: it would hold every other one of the deployment.
    let outcome = catch_unwind(AssertUnwindSafe(|| run_and_commit(connection, clock, work)));
    if matches!(outcome, Ok(Ok(()))) {
        return Ok(());
    }
    let rolled_back = connection.batch_execute("ROLLBACK");
    let result = outcome.unwrap_or_else(|panic| resume_unwind(panic));
    // "Unavailable" makes the pool discard a connection whose transaction may still be open.
    rolled_back.map_err(|error| unavailable(format!("{error} in the rollback after {result:?}")))?;
    result
}

fn run_and_commit(connection: &mut Connection, clock: &dyn Clock, work: Work<'_>) -> Result<()> {
    lock(connection)?;
    let mut ports = Ports::new(connection, clock.now());
    work(&mut ports)?;
    if ports.raises_epoch() {
        raise_epoch(connection)?;
    }
    connection.batch_execute("COMMIT").map_err(map)
}

#[derive(QueryableByName)]
struct ClockRow {
    #[diesel(sql_type = BigInt)]
    #[expect(dead_code, reason = "only the lock is wanted, and that the row is there")]
    epoch: i64,
}

/// Waits until no other transaction of the deployment writes.
fn lock(connection: &mut Connection) -> Result<()> {
    let query = format!("SELECT epoch FROM control_clock WHERE id = 1{}", dialect::lock_clause(connection));
    let _row: ClockRow = diesel::sql_query(query).get_result(connection).map_err(map)?;
    Ok(())
}

fn raise_epoch(connection: &mut Connection) -> Result<()> {
    diesel::update(control_clock::table.find(1))
        .set(control_clock::epoch.eq(control_clock::epoch + 1))
        .execute(connection)
        .map_err(map)?;
    Ok(())
}
