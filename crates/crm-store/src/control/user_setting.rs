//! What users have set for themselves.

use crm_domain::{
    control::user_setting::{Section, UserSettingReads, UserSettingRepository, UserSettings},
    error::Result,
    id::{RecordId, UserId},
};
use diesel::prelude::*;

use super::{
    ports::{Ports, unreadable},
    schema::user_setting,
};
use crate::error::map;

impl UserSettingReads for Ports<'_> {
    fn lookup(&mut self, user: UserId, section: Section) -> Result<UserSettings> {
        let row = user_setting::table
            .find((user.get(), section.as_str()))
            .select(user_setting::settings);
        let stored: Option<String> = row.first(self.connection).optional().map_err(map)?;
        let Some(stored) = stored else { return Ok(UserSettings::default()) };
        let members = serde_json::from_str(&stored).map_err(|_| unreadable("user_setting.settings", &stored))?;
        Ok(UserSettings::from_store(members))
    }
}

impl UserSettingRepository for Ports<'_> {
    fn keep(&mut self, user: UserId, section: Section, settings: &UserSettings) -> Result<()> {
        let values = (
            user_setting::settings.eq(settings.to_json()),
            user_setting::updated_at.eq(self.stamp.micros()),
        );
        let row = user_setting::table.find((user.get(), section.as_str()));
        // Transactions run one after another: nobody else adds the row in between.
        if diesel::update(row).set(values.clone()).execute(self.connection).map_err(map)? > 0 {
            return Ok(());
        }
        let key = (user_setting::user_id.eq(user.get()), user_setting::section.eq(section.as_str()));
        diesel::insert_into(user_setting::table)
            .values((key, values))
            .execute(self.connection)
            .map_err(map)?;
        Ok(())
    }

    fn remove_all(&mut self, user: UserId) -> Result<()> {
        diesel::delete(user_setting::table.filter(user_setting::user_id.eq(user.get())))
            .execute(self.connection)
            .map_err(map)?;
        Ok(())
    }
}
