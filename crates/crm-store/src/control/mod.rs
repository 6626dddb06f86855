//! The control plane: tenants, users, invitations, sessions, refresh tokens and API keys, in the deployment's one database.
//!
//! Every transaction that writes first locks the row of `control_clock`, so that they run one after another on all nodes, and
//! raises its `epoch` when it changed something that nodes remember. To add a noun: its table in [`schema`] and the migrations, a file with its
//! row and its port on `Ports`, and one method in `ports.rs`.

mod agenda;
mod api_key;
mod change;
mod epoch;
mod idempotency;
mod invitation;
mod outbox;
mod ports;
mod refresh_token;
pub mod schema;
mod session;
mod tenant;
mod transaction;
mod user;
mod user_setting;
mod window;
mod work;

use std::sync::Arc;

use crm_domain::{
    clock::Clock,
    control::{ControlReader, ControlStore, ControlUnit, EpochDone},
    error::Result,
};

use self::{
    epoch::{EpochSource, EpochTeller},
    ports::Ports,
};
use crate::{dialect::Purpose, location::Location, pool::Pool};

/// Transactions run one after another anyway: with one connection a node's own wait in its pool, in turn, and not in the database.
const WRITING_CONNECTIONS: u32 = 1;

/// The control plane's database.
pub struct ControlDatabase {
    reading: Pool,
    writing: Pool,
    clock: Arc<dyn Clock>,
    epoch: EpochTeller,
}

impl ControlDatabase {
    /// Serves a migrated database with at most `reading_connections` readers at once. Nothing is opened before it is needed.
    ///
    /// # Errors
    /// [`crm_domain::Error::Unavailable`] when the operating system starts no thread.
    pub fn new(location: Location, reading_connections: u32, clock: Arc<dyn Clock>) -> Result<Self> {
        Ok(Self {
            reading: Pool::new(location.clone(), Purpose::Read, reading_connections),
            writing: Pool::new(location.clone(), Purpose::Write, WRITING_CONNECTIONS),
            clock,
            epoch: EpochTeller::start(EpochSource::new(location))?,
        })
    }
}

impl ControlStore for ControlDatabase {
    fn read(&self, work: &mut dyn FnMut(&mut dyn ControlReader) -> Result<()>) -> Result<()> {
        self.reading.run(|connection| work(&mut Ports::new(connection, self.clock.now())))
    }

    fn write(&self, work: &mut dyn FnMut(&mut dyn ControlUnit) -> Result<()>) -> Result<()> {
        if self.writing.run(|connection| transaction::run(connection, &*self.clock, work))? {
            epoch::outlive_grace();
        }
        Ok(())
    }

    fn recent_epoch(&self) -> Option<i64> {
        self.epoch.recent()
    }

    fn epoch(&self, done: EpochDone) {
        self.epoch.ask(done);
    }
}
