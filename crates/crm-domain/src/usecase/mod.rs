//! What spans several entities.

pub mod api_keys;
pub mod browser_session;
pub mod bulk;
pub mod clock;
pub mod company_names;
pub mod company_template;
pub mod control_changes;
pub mod convert_lead;
pub mod deliver;
pub mod dispatch;
pub mod enrich;
pub mod export;
pub mod import;
pub mod import_job;
pub mod invitations;
pub mod jobs;
pub mod merge;
pub mod prospect;
pub mod register;
pub mod restore;
pub mod sign_in;
pub mod single;
pub mod sync_leads;
pub mod users;
