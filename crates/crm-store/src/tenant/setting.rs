//! A tenant's settings in SQL: one row. The writer keeps what it read of it from turn to turn; the counter row, which it reads each time, says
//! whether another node has changed it since.

use crm_domain::{
    error::{Error, Problem, Result},
    money::Currency,
    stamp::Stamp,
    tenant::setting::{Kept, Preferences, SettingReads, SettingRepository},
    time_zone::TimeZone,
};
use diesel::{AsChangeset, ExpressionMethods, QueryDsl, Queryable, RunQueryDsl};

use super::{Reading, Session, Writing, schema::setting};
use crate::{connection::Connection, error::map};

#[derive(Queryable)]
struct SettingRow {
    _id: i64,
    default_currency: String,
    time_zone: String,
    request_log_days: Option<i64>,
    updated_at: i64,
}

impl TryFrom<SettingRow> for Kept {
    type Error = Error;

    fn try_from(row: SettingRow) -> Result<Self> {
        let unreadable = |column: &str, problem: Problem| Error::Internal(format!("setting.{column} {problem}"));
        let default_currency = Currency::parse(&row.default_currency).map_err(|problem| unreadable("default_currency", problem))?;
        let time_zone = TimeZone::parse(&row.time_zone).map_err(|problem| unreadable("time_zone", problem))?;
        Ok(Self {
            preferences: Preferences {
                default_currency,
                time_zone,
                request_log_days: row.request_log_days,
            },
            updated_at: Stamp::from_micros(row.updated_at),
        })
    }
}

#[derive(AsChangeset)]
#[diesel(table_name = setting, treat_none_as_null = true)]
struct SettingChange<'a> {
    default_currency: &'a str,
    time_zone: &'a str,
    request_log_days: Option<i64>,
    updated_at: i64,
}

fn read(connection: &mut Connection) -> Result<Kept> {
    let row = setting::table.find(1).first::<SettingRow>(connection);
    row.map_err(map)?.try_into()
}

impl SettingReads for Session<'_, Reading> {
    fn lookup(&mut self) -> Result<Kept> {
        read(self.connection)
    }
}

impl SettingReads for Session<'_, Writing<'_>> {
    fn lookup(&mut self) -> Result<Kept> {
        let changed_at = self.state.counters.setting_at;
        if let Some((as_of, known)) = &self.state.known.settings
            && *as_of == changed_at
        {
            return Ok(known.clone());
        }
        let kept = read(self.connection)?;
        self.state.known.settings = Some((changed_at, kept.clone()));
        Ok(kept)
    }
}

impl SettingRepository for Session<'_, Writing<'_>> {
    fn update(&mut self, preferences: &Preferences) -> Result<()> {
        let stamp = self.state.stamp.micros();
        // A unit that is undone takes the counter back with it: what is read next is read anew.
        self.state.known.settings = None;
        self.state.counters.setting_at = stamp;
        let change = SettingChange {
            default_currency: preferences.default_currency.as_str(),
            time_zone: preferences.time_zone.name(),
            request_log_days: preferences.request_log_days,
            updated_at: stamp,
        };
        diesel::update(setting::table.filter(setting::id.eq(1)))
            .set(change)
            .execute(self.connection)
            .map_err(map)?;
        Ok(())
    }
}
