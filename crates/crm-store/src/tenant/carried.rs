//! Changes of the control plane, carried into the tenant's feed.

use crm_domain::{control::change::ControlChange, error::Result, tenant::carried::CarriedRepository};

use super::{Session, Writing};

impl CarriedRepository for Session<'_, Writing<'_>> {
    fn last(&mut self) -> Result<i64> {
        Ok(self.state.counters.control_change_id)
    }

    fn append(&mut self, changes: Vec<ControlChange>) -> Result<()> {
        if let Some(last) = changes.last() {
            self.state.counters.control_change_id = last.id;
        }
        self.state.carried.extend(changes);
        Ok(())
    }
}
