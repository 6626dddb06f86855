//! Looking at every database of a deployment: can it be used, is it whole, and do its counters tell the truth?

use crm_domain::{
    control::tenant::Tenant,
    error::{Error, Result},
};
use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl,
    dsl::{count_star, max, min},
};

use crate::{
    connection::Connection,
    dialect::{self, Plane, Purpose},
    error::map,
    location::Location,
    tenant::contact::stats,
    tenant::schema::{account, activity, change, contact, counter, lead, opportunity, request, task, webhook},
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
        }
        Ok(())
    }
}

/// Where counters and records disagree.
fn miscounts(connection: &mut Connection) -> Result<Vec<String>> {
    macro_rules! counted {
        ($table:ident, $live:expr) => {{
            let live: i64 = $table::table.filter($live).count().get_result(connection).map_err(map)?;
            let highest: Option<i64> = $table::table.select(max($table::id)).first(connection).map_err(map)?;
            (live, highest.unwrap_or(0))
        }};
    }
    let row: Option<Kept> = counter::table.find(1).select(KEPT).first(connection).optional().map_err(map)?;
    let Some((change_seq, accounts, contacts, leads, forecast, activities, tasks, webhooks, requests)) = row else {
        return Ok(vec!["the counter row is missing".to_owned()]);
    };
    let feed = change::table.select((count_star(), min(change::seq), max(change::seq)));
    let (changes, first, last): (i64, Option<i64>, Option<i64>) = feed.first(connection).map_err(map)?;
    let mut problems = Vec::new();
    if changes != change_seq || last.unwrap_or(0) != change_seq || first.unwrap_or(1) != 1 {
        problems.push(format!(
            "the change feed has {changes} changes, {} to {}; its counter says 1 to {change_seq}",
            first.unwrap_or(0),
            last.unwrap_or(0)
        ));
    }
    let live = [
        ("accounts", accounts, counted!(account, account::deleted_at.is_null())),
        ("contacts", contacts, counted!(contact, contact::deleted_at.is_null())),
        ("leads", leads, counted!(lead, lead::deleted_at.is_null())),
        ("activities", activities, counted!(activity, activity::deleted_at.is_null())),
        ("tasks", tasks, counted!(task, task::deleted_at.is_null())),
        ("webhooks", webhooks, counted!(webhook, webhook::deleted_at.is_null())),
    ];
    for (noun, (last_id, total), (rows, highest)) in live {
        compare(&mut problems, noun, total, rows);
        compare_ids(&mut problems, noun, last_id, highest);
    }
    let (last_id, in_forecast, other) = forecast;
    for (noun, total, is_included) in [
        ("opportunities in forecasts", in_forecast, true),
        ("opportunities out of forecasts", other, false),
    ] {
        let live = opportunity::table.filter(opportunity::deleted_at.is_null());
        let rows = live.filter(opportunity::include_in_forecast.eq(is_included)).count();
        compare(&mut problems, noun, total, rows.get_result(connection).map_err(map)?);
    }
    let highest: Option<i64> = opportunity::table.select(max(opportunity::id)).first(connection).map_err(map)?;
    compare_ids(&mut problems, "opportunities", last_id, highest.unwrap_or(0));
    compare(
        &mut problems,
        "requests",
        requests,
        request::table.count().get_result(connection).map_err(map)?,
    );
    problems.extend(stats::miscounts(connection)?);
    Ok(problems)
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

/// The counters: changes; last id and total of each noun; requests.
type Kept = (
    i64,
    (i64, i64),
    (i64, i64),
    (i64, i64),
    (i64, i64, i64),
    (i64, i64),
    (i64, i64),
    (i64, i64),
    i64,
);

#[allow(clippy::type_complexity, reason = "the columns of `Kept`")]
const KEPT: (
    counter::change_seq,
    (counter::account_id, counter::account_live),
    (counter::contact_id, counter::contact_live),
    (counter::lead_id, counter::lead_live),
    (counter::opportunity_id, counter::opportunity_forecast, counter::opportunity_other),
    (counter::activity_id, counter::activity_live),
    (counter::task_id, counter::task_live),
    (counter::webhook_id, counter::webhook_live),
    counter::request_total,
) = (
    counter::change_seq,
    (counter::account_id, counter::account_live),
    (counter::contact_id, counter::contact_live),
    (counter::lead_id, counter::lead_live),
    (counter::opportunity_id, counter::opportunity_forecast, counter::opportunity_other),
    (counter::activity_id, counter::activity_live),
    (counter::task_id, counter::task_live),
    (counter::webhook_id, counter::webhook_live),
    counter::request_total,
);
