//! What a tenant's administrators decide for all of its records. Every setting is read by something; the tenant's names stand in the
//! control plane and are settings all the same.

use serde::Serialize;

use crate::{
    control::{ControlStore, tenant::Tenant},
    error::{Error, Result},
    field::{Check, Patch, Text, parse_integer},
    id::{RecordId, TenantId},
    money::Currency,
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind, NewChange},
    },
    time_zone::TimeZone,
};

/// Most days that the request log can be asked to be kept.
pub const REQUEST_LOG_DAYS_MAX: i64 = 3_650;

/// The settings that stand in the tenant's own database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Preferences {
    /// Of amounts that come without a currency.
    pub default_currency: Currency,
    /// Where a day begins: deals are closed on a day of this zone, forecasts begin with its month, and business hours without a zone are its.
    pub time_zone: TimeZone,
    /// Days that the request log is kept, 1 to [`REQUEST_LOG_DAYS_MAX`], but never longer than the deployment keeps it; `None` as long as
    /// that.
    pub request_log_days: Option<i64>,
}

/// Preferences as they are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The preferences.
    pub preferences: Preferences,
    /// Stamp of the last unit that changed a setting; zero while nobody did.
    pub updated_at: Stamp,
}

/// All settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingFields {
    /// The tenant's name.
    pub name: Text<255>,
    /// The company behind it.
    pub company_name: Text<255>,
    /// The others.
    #[serde(flatten)]
    pub preferences: Preferences,
}

/// A tenant's settings, of which there is one set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What administrators entered.
    pub fields: SettingFields,
    /// Stamp of the last unit that changed one; zero while nobody did.
    pub updated_at: Stamp,
}

impl Settings {
    /// What the two planes keep.
    pub fn of(tenant: &Tenant, kept: Kept) -> Self {
        Self {
            fields: SettingFields {
                name: tenant.name.clone(),
                company_name: tenant.company_name.clone(),
                preferences: kept.preferences,
            },
            updated_at: kept.updated_at,
        }
    }
}

impl Entity for Settings {
    const KIND: EntityKind = EntityKind::Setting;
    type Fields = SettingFields;
    fn id(&self) -> i64 {
        1
    }
    fn fields(&self) -> &SettingFields {
        &self.fields
    }
}

/// What a caller says of the settings, unparsed; numbers as their decimal text. What it does not mention stays.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of SettingFields")]
pub struct SettingDraft {
    pub name: Patch<String>,
    pub company_name: Patch<String>,
    pub default_currency: Patch<String>,
    pub time_zone: Patch<String>,
    pub request_log_days: Patch<String>,
}

impl SettingFields {
    /// Parses an update of `self`.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that is wrong.
    pub fn updated(&self, draft: SettingDraft, mut check: Check) -> Result<Self> {
        let Preferences {
            default_currency,
            time_zone,
            request_log_days,
        } = self.preferences.clone();
        let name = check.required("name", draft.name, Some(self.name.clone()), Text::parse);
        let company_name = check.required("company_name", draft.company_name, Some(self.company_name.clone()), Text::parse);
        let currency = check.required("default_currency", draft.default_currency, Some(default_currency), Currency::parse);
        let time_zone = check.required("time_zone", draft.time_zone, Some(time_zone), TimeZone::parse);
        let request_log_days = check.optional("request_log_days", draft.request_log_days, request_log_days, |text| {
            parse_integer(text, 1, REQUEST_LOG_DAYS_MAX)
        });
        let fields = name.zip(company_name).zip(currency.zip(time_zone));
        check.finish_with(fields.map(|((name, company_name), (default_currency, time_zone))| Self {
            name,
            company_name,
            preferences: Preferences {
                default_currency,
                time_zone,
                request_log_days,
            },
        }))
    }
}

/// Changes settings. The tenant's names are written last, in the control plane, when nothing else can fail but the commit: should that, a
/// repeated request puts it right.
///
/// # Errors
/// [`Error::Invalid`].
pub fn update(
    unit: &mut dyn UnitOfWork,
    control: &dyn ControlStore,
    before: Settings,
    tenant: TenantId,
    draft: SettingDraft,
    check: Check,
) -> Result<Settings> {
    let fields = before.fields.updated(draft, check)?;
    let after = Settings {
        fields,
        updated_at: unit.stamp(),
    };
    let Some(change) = NewChange::updated(&before, &after)? else {
        return Ok(before);
    };
    unit.settings().update(&after.fields.preferences)?;
    unit.record(change);
    let is_named_so = (&before.fields.name, &before.fields.company_name) == (&after.fields.name, &after.fields.company_name);
    if !is_named_so {
        rename(control, tenant, &after.fields)?;
    }
    Ok(after)
}

fn rename(control: &dyn ControlStore, id: TenantId, fields: &SettingFields) -> Result<()> {
    control.writing(|unit| {
        let known = unit.tenants().lookup(id)?;
        let known = known.ok_or_else(|| Error::not_found(TenantId::NOUN, id))?;
        unit.tenants().update(&Tenant {
            name: fields.name.clone(),
            company_name: fields.company_name.clone(),
            ..known
        })
    })
}

/// Reads a tenant's preferences.
pub trait SettingReads {
    /// What is kept.
    fn lookup(&mut self) -> Result<Kept>;
}

/// Writes a tenant's preferences. Callers outside this crate use [`update`], which also records the change.
pub trait SettingRepository: SettingReads {
    /// Keeps new preferences at this unit's stamp.
    fn update(&mut self, preferences: &Preferences) -> Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> SettingFields {
        SettingFields {
            name: Text::parse("Acme").unwrap(),
            company_name: Text::parse("Acme Inc").unwrap(),
            preferences: Preferences {
                default_currency: Currency::USD,
                time_zone: TimeZone::parse("UTC").unwrap(),
                request_log_days: Some(30),
            },
        }
    }

    fn set(text: &str) -> Patch<String> {
        Patch::Set(text.to_owned())
    }

    #[test]
    fn what_is_not_mentioned_stays() {
        let same = fields().updated(SettingDraft::default(), Check::new()).unwrap();
        assert_eq!(same, fields());
        let draft = SettingDraft {
            time_zone: set("europe/berlin"),
            request_log_days: Patch::Clear,
            ..SettingDraft::default()
        };
        let after = fields().updated(draft, Check::new()).unwrap();
        assert_eq!(
            (after.preferences.time_zone.name(), after.preferences.request_log_days),
            ("Europe/Berlin", None)
        );
        assert_eq!((after.name, after.preferences.default_currency), (fields().name, Currency::USD));
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let draft = SettingDraft {
            name: set(" "),
            company_name: Patch::Clear,
            default_currency: set("dollars"),
            time_zone: set("Berlin"),
            request_log_days: set("0"),
        };
        let Err(Error::Invalid(errors)) = fields().updated(draft, Check::new()) else {
            panic!("everything is wrong");
        };
        let names: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(names, ["company_name", "default_currency", "name", "request_log_days", "time_zone"]);
    }
}
