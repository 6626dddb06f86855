//! One transaction of the control plane.

use crm_domain::{clock::Clock, control::ControlUnit, error::Result};
use diesel::{QueryableByName, RunQueryDsl, connection::SimpleConnection, prelude::*, sql_types::BigInt};

use super::{ports::Ports, schema::control_clock};
use crate::{
    connection::Connection,
    dialect,
    error::{map, unavailable},
};

type Work<'a> = &'a mut dyn FnMut(&mut dyn ControlUnit) -> Result<()>;

/// Runs `work` and commits it durably, or leaves nothing of it. Where even the rollback fails, or `work` panics, the pool closes the
/// connection, which ends the transaction too. Tells whether it raised the credential epoch.
pub(super) fn run(connection: &mut Connection, clock: &dyn Clock, work: Work<'_>) -> Result<bool> {
    dialect::begin_write(connection).map_err(map)?;
    let error = match run_and_commit(connection, clock, work) {
        Ok(raised) => return Ok(raised),
        Err(error) => error,
    };
    match connection.batch_execute("ROLLBACK") {
        Ok(()) => Err(error),
        // Only an unavailable connection is closed, whatever was wrong before.
        Err(cause) => Err(unavailable(format!("{cause} (in the rollback after: {error})"))),
    }
}

fn run_and_commit(connection: &mut Connection, clock: &dyn Clock, work: Work<'_>) -> Result<bool> {
    lock(connection)?;
    let mut ports = Ports::new(connection, clock.now());
    work(&mut ports)?;
    let raises = ports.raises_epoch();
    if raises {
        raise_epoch(connection)?;
    }
    // After a failed statement PostgreSQL answers COMMIT with a silent rollback; SELECT makes that an error.
    connection.batch_execute("SELECT 1; COMMIT").map_err(map)?;
    Ok(raises)
}

/// Runs a statement whose failure the caller may live with: it leaves nothing, and the transaction goes on.
pub(super) fn savepoint<T>(connection: &mut Connection, statement: impl FnOnce(&mut Connection) -> QueryResult<T>) -> Result<T> {
    connection.batch_execute("SAVEPOINT statement").map_err(map)?;
    let result = statement(connection);
    let end = if result.is_ok() {
        "RELEASE statement"
    } else {
        "ROLLBACK TO statement; RELEASE statement"
    };
    let ended = connection.batch_execute(end);
    let value = result.map_err(map)?;
    ended.map_err(map)?;
    Ok(value)
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
