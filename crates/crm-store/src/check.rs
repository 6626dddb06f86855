//! Looking at every database of a deployment: can it be used, is it whole, and do its counters tell the truth?

use crm_domain::{
    control::tenant::Tenant,
    error::{Error, Result},
};
use diesel::{
    ExpressionMethods, QueryDsl, RunQueryDsl,
    dsl::{count_star, max, min},
};

use crate::{
    connection::Connection,
    dialect::{self, Plane, Purpose},
    email_key,
    error::map,
    location::Location,
    tenant::{
        contact::stats,
        counter::Counters,
        kpi,
        schema::{
            account, activity, change, contact, custom_field, handoff, lead, merge, opportunity, partner, pipeline, request, sla_policy,
            stage, tag, task, ticket, ticket_comment, webhook,
        },
    },
};

/// What a check of one database found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseReport {
    /// Where it is, without a password.
    pub location: String,
    /// Whose it is; `None` for the control plane's.
    pub tenant: Option<String>,
    /// Backend and version, when it could be opened.
    pub version: Option<String>,
    /// Everything that is wrong with it; empty when it is fine.
    pub problems: Vec<String>,
}

impl DatabaseReport {
    pub(crate) fn of_control(location: &Location) -> Self {
        Self::of(location, location.to_string(), None, Plane::Control)
    }

    /// A location that cannot even be read is a finding like others.
    pub(crate) fn of_tenant(tenant: &Tenant, location: Result<Location>) -> Self {
        let whose = Some(format!("{} ({})", tenant.id, &*tenant.name));
        match location {
            Ok(location) => Self::of(&location, location.to_string(), whose, Plane::Tenant),
            Err(error) => Self {
                location: tenant.location.clone(),
                tenant: whose,
                version: None,
                problems: vec![error.to_string()],
            },
        }
    }

    fn of(location: &Location, place: String, tenant: Option<String>, plane: Plane) -> Self {
        let mut report = Self {
            location: place,
            tenant,
            version: None,
            problems: Vec::new(),
        };
        if let Err(error) = report.look(location, plane) {
            report.problems.push(error.to_string());
        }
        report
    }

    /// Fails when nothing further can be looked at.
    fn look(&mut self, location: &Location, plane: Plane) -> Result<()> {
        // A database that is not there must not be created by looking at it.
        if let Location::Sqlite(path) = location
            && !path.exists()
        {
            return Err(Error::Internal("the file does not exist".to_owned()));
        }
        let mut connection = dialect::open(location, Purpose::Write)?;
        self.version = Some(dialect::version(&mut connection)?);
        let integrity = dialect::integrity(&mut connection)?;
        if integrity != "ok" {
            self.problems.push(integrity);
        }
        if dialect::has_pending_migrations(&mut connection, plane)? {
            // Tables may be missing that a further look would need.
            self.problems.push("migrations are pending, run `crm-server migrate`".to_owned());
            return Ok(());
        }
        if plane == Plane::Tenant {
            // Others may write meanwhile: counters and counts must be of one state.
            dialect::begin_snapshot(&mut connection).map_err(map)?;
            self.problems.extend(miscounts(&mut connection)?);
            self.problems.extend(email_key::shared_by_contacts(&mut connection)?);
        } else {
            self.problems.extend(email_key::shared_by_users(&mut connection)?);
        }
        Ok(())
    }
}

/// Where counters and records disagree.
fn miscounts(connection: &mut Connection) -> Result<Vec<String>> {
    macro_rules! highest {
        ($table:ident) => {{
            let highest: Option<i64> = $table::table.select(max($table::id)).first(connection).map_err(map)?;
            highest.unwrap_or(0)
        }};
    }
    let Some(kept) = Counters::look(connection)? else {
        return Ok(vec!["the counter row is missing".to_owned()]);
    };
    let mut problems = Vec::new();
    problems.extend(gap(connection, kept.change_seq)?);
    macro_rules! check_live {
        ($($noun:literal: $table:ident, $last_id:ident, $total:ident;)*) => {$(
            let live = $table::table.filter($table::deleted_at.is_null()).count();
            compare(&mut problems, $noun, kept.$total, live.get_result(connection).map_err(map)?);
            compare_ids(&mut problems, $noun, kept.$last_id, highest!($table));
        )*};
    }
    check_live! {
        "accounts": account, account_id, account_live;
        "contacts": contact, contact_id, contact_live;
        "leads": lead, lead_id, lead_live;
        "activities": activity, activity_id, activity_live;
        "tasks": task, task_id, task_live;
        "tickets": ticket, ticket_id, ticket_live;
        "comments of tickets": ticket_comment, ticket_comment_id, ticket_comment_live;
        "SLA policies": sla_policy, sla_policy_id, sla_policy_live;
        "partners": partner, partner_id, partner_live;
        "tags": tag, tag_id, tag_live;
        "custom fields": custom_field, custom_field_id, custom_field_live;
        "webhooks": webhook, webhook_id, webhook_live;
    }
    for (noun, total, is_included) in [
        ("opportunities in forecasts", kept.opportunity_forecast, true),
        ("opportunities out of forecasts", kept.opportunity_other, false),
    ] {
        let live = opportunity::table.filter(opportunity::deleted_at.is_null());
        let rows = live.filter(opportunity::include_in_forecast.eq(is_included)).count();
        compare(&mut problems, noun, total, rows.get_result(connection).map_err(map)?);
    }
    compare_ids(&mut problems, "opportunities", kept.opportunity_id, highest!(opportunity));
    // Of these no total is kept, or none of the live ones alone.
    compare_ids(&mut problems, "pipelines", kept.pipeline_id, highest!(pipeline));
    compare_ids(&mut problems, "stages", kept.stage_id, highest!(stage));
    compare_ids(&mut problems, "handoffs", kept.handoff_id, highest!(handoff));
    let merges = merge::table.count().get_result(connection).map_err(map)?;
    compare(&mut problems, "merges", kept.merge_total, merges);
    compare_ids(&mut problems, "merges", kept.merge_id, highest!(merge));
    let requests = request::table.count().get_result(connection).map_err(map)?;
    compare(&mut problems, "requests", kept.request_total, requests);
    compare_ids(&mut problems, "requests", kept.request_id, highest!(request));
    problems.extend(stats::miscounts(connection)?);
    problems.extend(kpi::miscounts(connection)?);
    Ok(problems)
}

/// What is wrong with the numbers of the change feed.
fn gap(connection: &mut Connection, change_seq: i64) -> Result<Option<String>> {
    let feed = change::table.select((count_star(), min(change::seq), max(change::seq)));
    let (changes, first, last): (i64, Option<i64>, Option<i64>) = feed.first(connection).map_err(map)?;
    let is_whole = changes == change_seq && last.unwrap_or(0) == change_seq && first.unwrap_or(1) == 1;
    Ok((!is_whole).then(|| {
        format!(
            "the change feed has {changes} changes, {} to {}; its counter says 1 to {change_seq}",
            first.unwrap_or(0),
            last.unwrap_or(0)
        )
    }))
}

fn compare(problems: &mut Vec<String>, noun: &str, counter: i64, rows: i64) {
    if counter != rows {
        problems.push(format!("there are {rows} {noun}; the counter says {counter}"));
    }
}

/// The next id would be one that is taken.
fn compare_ids(problems: &mut Vec<String>, noun: &str, counter: i64, highest: i64) {
    if counter < highest {
        problems.push(format!("the highest id of {noun} is {highest}; the counter says {counter}"));
    }
}
