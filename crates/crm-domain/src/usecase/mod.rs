//! What spans several entities.

pub mod api_keys;
pub mod browser_session;
pub mod bulk;
pub mod company_template;
pub mod control_changes;
pub mod convert_lead;
pub mod enrich;
pub mod export;
pub mod import;
pub mod import_job;
pub mod invitations;
pub mod jobs;
pub mod merge;
pub mod register;
pub mod restore;
pub mod sign_in;
pub mod single;
pub mod users;
