//! Partners: who sells with us, or for us. Family C writes them, family E lists them (contract E-48, X-15).

use serde::{Serialize, Serializer};
use uuid::Uuid;

use crate::{
    error::{Problem, Result},
    field::{Check, Email, Patch, Text, WebAddress, join_search},
    fields,
    id::{PartnerId, RecordId, UserId},
    page::{Page, Sort, Window},
    query::Filter,
    stamp::Stamp,
    tenant::{
        UnitOfWork,
        change::{Entity, EntityKind, NewChange},
        link::Reference,
        record::{Key, Record},
    },
};

/// The status of a partner that nobody gave one.
pub const DEFAULT_STATUS: &str = "Active";

/// A share of 0 to 100 per cent with at most two decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(i64);

impl Percent {
    /// From hundredths of a per cent.
    pub fn from_hundredths(hundredths: i64) -> Self {
        Self(hundredths)
    }

    /// Hundredths of a per cent.
    pub fn hundredths(self) -> i64 {
        self.0
    }

    /// Reads a decimal number, e.g. `12.5`.
    ///
    /// # Errors
    /// [`Problem::Number`], [`Problem::Range`], and [`Problem::Rule`] for more decimals.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let text = text.trim();
        let number: f64 = text.parse().map_err(|_| Problem::Number)?;
        if !number.is_finite() {
            return Err(Problem::Number);
        }
        if !(0.0..=100.0).contains(&number) {
            return Err(Problem::Range { min: 0, max: 100 });
        }
        let hundredths = (number * 100.0).round();
        if (number - hundredths / 100.0).abs() > 1e-9 {
            return Err(Problem::Rule("must have at most 2 decimals".to_owned()));
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most 10,000")]
        Ok(Self(hundredths as i64))
    }

    /// The number as JSON shows it.
    pub fn number(self) -> serde_json::Number {
        if self.0 % 100 == 0 {
            return (self.0 / 100).into();
        }
        #[expect(clippy::cast_precision_loss, reason = "at most 10,000")]
        serde_json::Number::from_f64(self.0 as f64 / 100.0).unwrap_or_else(|| 0.into())
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.number().serialize(serializer)
    }
}

/// What people enter about a partner. A value of this type is valid by construction, but for its name's uniqueness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "the names say it; formats are the types'")]
pub struct PartnerFields {
    /// Unique among live partners, whatever its case.
    pub name: Text<255>,
    /// What kind of partner it is, e.g. `Reseller`.
    pub partner_type: Option<Text<100>>,
    pub status: Text<50>,
    pub email: Option<Email>,
    pub phone: Option<Text<50>>,
    pub website: Option<WebAddress>,
    pub contact_name: Option<Text<255>>,
    /// Its share of what it sells.
    pub commission_percent: Option<Percent>,
    pub notes: Option<Text<10_000>>,
    pub owner_id: UserId,
}

/// A partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partner {
    /// Per-tenant id; ascending in the order of creation.
    pub id: PartnerId,
    /// Version 7 uuid.
    pub uuid: Uuid,
    /// What people entered.
    pub fields: PartnerFields,
    /// Stamp of the unit that created it.
    pub created_at: Stamp,
    /// The user who created it; `None` for integrations and jobs.
    pub created_by: Option<UserId>,
    /// Stamp of the last unit that changed it.
    pub updated_at: Stamp,
}

impl Entity for Partner {
    const KIND: EntityKind = EntityKind::Partner;
    type Fields = PartnerFields;
    fn id(&self) -> i64 {
        self.id.get()
    }
    fn fields(&self) -> &PartnerFields {
        &self.fields
    }
}

/// What a caller says of a partner, unparsed; numbers as their decimal text. Serves creation and update alike.
#[derive(Debug, Clone, Default)]
#[allow(missing_docs, reason = "the fields of PartnerFields")]
pub struct PartnerDraft {
    pub name: Patch<String>,
    pub partner_type: Patch<String>,
    /// Cleared, it is the usual one again.
    pub status: Patch<String>,
    pub email: Patch<String>,
    pub phone: Patch<String>,
    pub website: Patch<String>,
    pub contact_name: Patch<String>,
    pub commission_percent: Patch<String>,
    pub notes: Patch<String>,
    pub owner_id: Patch<UserId>,
}

impl PartnerFields {
    /// Parses a new partner, owned by `owner` unless the draft names another.
    pub fn parse(draft: PartnerDraft, owner: UserId, check: Check) -> Result<Self> {
        Self::merge(None, draft, owner, check)
    }

    /// Parses an update of `self`: fields the draft does not mention stay.
    pub fn updated(&self, draft: PartnerDraft, check: Check) -> Result<Self> {
        Self::merge(Some(self), draft, self.owner_id, check)
    }

    fn merge(current: Option<&Self>, draft: PartnerDraft, owner: UserId, mut check: Check) -> Result<Self> {
        macro_rules! optional {
            ($field:ident, $parse:expr) => {
                check.optional(
                    stringify!($field),
                    draft.$field,
                    current.and_then(|c| c.$field.clone()),
                    $parse,
                )
            };
        }
        // An owner who stays may have left since: that must not keep people from editing the rest.
        if current.is_some() && draft.owner_id == Patch::Set(owner) {
            check.forgive("owner_id");
        }
        let name = check.required("name", draft.name, current.map(|c| c.name.clone()), Text::parse);
        let status = check.optional("status", draft.status, current.map(|c| c.status.clone()), Text::parse);
        let partner_type = optional!(partner_type, Text::parse);
        let email = optional!(email, Email::parse);
        let phone = optional!(phone, Text::parse);
        let website = optional!(website, WebAddress::parse);
        let contact_name = optional!(contact_name, Text::parse);
        let commission_percent = optional!(commission_percent, Percent::parse);
        let notes = optional!(notes, Text::parse);
        check.finish_with(name.map(|name| Self {
            name,
            partner_type,
            status: status.unwrap_or_else(|| Text::from_store(DEFAULT_STATUS.to_owned())),
            email,
            phone,
            website,
            contact_name,
            commission_percent,
            notes,
            owner_id: draft.owner_id.or_current(Some(owner)).unwrap_or(owner),
        }))
    }

    /// The lower-case text that a search looks in.
    pub fn search_text(&self) -> String {
        join_search(&[
            Some(&*self.name),
            self.contact_name.as_deref(),
            self.email.as_ref().map(Email::as_str),
            self.phone.as_deref(),
            self.partner_type.as_deref(),
        ])
    }
}

fields! {
    /// The fields of partners that lists know; by creation unless asked otherwise (contract X-106).
    pub enum PartnerField of partner: Partner {
        CreatedAt: Spec::stamp("created_at").filterable().in_id_order() => partner.created_at;
        Id: Spec::id("id").filterable().in_id_order() => partner.id;
        UpdatedAt: Spec::stamp("updated_at").filterable() => partner.updated_at;
        Name: Spec::key("name").filterable().searchable() => &partner.fields.name;
        PartnerType: Spec::text("partner_type").nullable().filterable() => partner.fields.partner_type.as_ref();
        Status: Spec::text("status").filterable() => &partner.fields.status;
        Email: Spec::text("email").nullable().filterable() => partner.fields.email.as_ref();
        CommissionPercent: Spec::integer("commission_percent").nullable().filterable() => partner.fields.commission_percent.map(Percent::hundredths);
        OwnerId: Spec::id("owner_id").filterable() => partner.fields.owner_id;
        CreatedBy: Spec::id("created_by").nullable() => partner.created_by;
    }
}

/// Which partners a list shows; a search looks in name, contact's name, email, phone and type.
pub type PartnerFilter = Filter<PartnerField>;

/// Reads partners.
pub trait PartnerReads {
    /// The live partner with this id.
    fn lookup(&mut self, id: PartnerId) -> Result<Option<Partner>>;
    /// The live partners among these ids, in any order.
    fn lookup_many(&mut self, ids: &[PartnerId]) -> Result<Vec<Partner>>;
    /// The live partners with one of these names, in lower case; at most one each.
    fn lookup_named(&mut self, names: &[String]) -> Result<Vec<Partner>>;
    /// A page of the partners that match.
    fn list(&mut self, filter: &PartnerFilter, sort: Sort<PartnerField>, window: &Window) -> Result<Page<Partner>>;
}

/// Writes partners. Callers outside this crate use [`single`](crate::usecase::single), which also records the change.
pub trait PartnerRepository: PartnerReads {
    /// Keeps new partners; ids ascend in the order given.
    fn add(&mut self, fields: Vec<PartnerFields>) -> Result<Vec<Partner>>;
    /// Keeps a partner's new fields and `updated_at`.
    fn update(&mut self, partner: &Partner) -> Result<()>;
    /// Marks a partner deleted at this unit's stamp.
    fn remove(&mut self, id: PartnerId) -> Result<()>;
    /// The deleted partner with this id.
    fn lookup_deleted(&mut self, id: PartnerId) -> Result<Option<Partner>>;
    /// Makes a partner, as [`lookup_deleted`](PartnerRepository::lookup_deleted) read it, live again at this unit's stamp.
    fn restore(&mut self, partner: &Partner) -> Result<()>;
}

impl Record for Partner {
    type Id = PartnerId;
    type Draft = PartnerDraft;
    type Parsed = PartnerFields;
    type Context = UserId;

    fn updated_at(&self) -> Stamp {
        self.updated_at
    }

    fn context(_: &mut dyn UnitOfWork, owner: UserId) -> Result<UserId> {
        Ok(owner)
    }

    fn parse(draft: PartnerDraft, owner: &UserId, check: Check) -> Result<PartnerFields> {
        PartnerFields::parse(draft, *owner, check)
    }

    fn updated(&self, draft: PartnerDraft, _: &UserId, check: Check) -> Result<PartnerFields> {
        self.fields.updated(draft, check)
    }

    fn fields_of(parsed: &PartnerFields) -> &PartnerFields {
        parsed
    }

    fn named(_: &PartnerDraft) -> Vec<Reference> {
        Vec::new()
    }

    fn references(_: &PartnerFields) -> Vec<Reference> {
        Vec::new()
    }

    fn keys(fields: &PartnerFields) -> Vec<Key> {
        Key::of("name", Some(fields.name.to_lowercase())).into_iter().collect()
    }

    fn holders(unit: &mut dyn UnitOfWork, _: &'static str, texts: &[String]) -> Result<Vec<Self>> {
        unit.partners().lookup_named(texts)
    }

    fn lookup_many(unit: &mut dyn UnitOfWork, ids: &[PartnerId]) -> Result<Vec<Self>> {
        unit.partners().lookup_many(ids)
    }

    fn create_many(unit: &mut dyn UnitOfWork, new: Vec<PartnerFields>) -> Result<Vec<Self>> {
        let added = unit.partners().add(new)?;
        for partner in &added {
            unit.record(NewChange::created(partner)?);
        }
        Ok(added)
    }

    fn revise(unit: &mut dyn UnitOfWork, before: &Self, fields: PartnerFields) -> Result<Option<Self>> {
        let after = Self {
            fields,
            updated_at: unit.stamp(),
            ..before.clone()
        };
        let Some(change) = NewChange::updated(before, &after)? else {
            return Ok(None);
        };
        unit.partners().update(&after)?;
        unit.record(change);
        Ok(Some(after))
    }

    fn remove_many(unit: &mut dyn UnitOfWork, partners: Vec<Self>) -> Result<()> {
        for partner in partners {
            unit.partners().remove(partner.id)?;
            unit.record(NewChange::deleted(&partner)?);
        }
        Ok(())
    }

    fn lookup_deleted(unit: &mut dyn UnitOfWork, id: PartnerId) -> Result<Option<Self>> {
        unit.partners().lookup_deleted(id)
    }

    fn revive(&self, unit: &mut dyn UnitOfWork) -> Result<()> {
        unit.partners().restore(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn a_percentage_has_two_decimals_and_reads_back() {
        for (text, shown) in [("0", "0"), ("12.5", "12.5"), ("100", "100"), ("7.25", "7.25"), ("0.29", "0.29")] {
            let percent = Percent::parse(text).unwrap();
            assert_eq!(percent.number().to_string(), shown);
            assert_eq!(Percent::parse(&percent.number().to_string()), Ok(percent));
        }
        for beyond in ["-0.01", "100.01", "1e300"] {
            assert_eq!(Percent::parse(beyond), Err(Problem::Range { min: 0, max: 100 }), "{beyond}");
        }
        for bad in ["", "x", "nan", "inf"] {
            assert_eq!(Percent::parse(bad), Err(Problem::Number), "{bad}");
        }
        assert!(matches!(Percent::parse("1.005"), Err(Problem::Rule(_))));
    }

    #[test]
    fn a_partner_needs_a_name_and_is_active() {
        let named = PartnerDraft {
            name: Patch::Set("Acme Resale".to_owned()),
            ..PartnerDraft::default()
        };
        let fields = PartnerFields::parse(named, UserId::from_i64(1), Check::new()).unwrap();
        assert_eq!(&*fields.status, "Active");
        let bad = PartnerDraft {
            email: Patch::Set("nobody".to_owned()),
            website: Patch::Set("ftp://x.example".to_owned()),
            commission_percent: Patch::Set("101".to_owned()),
            ..PartnerDraft::default()
        };
        let Err(Error::Invalid(errors)) = PartnerFields::parse(bad, UserId::from_i64(1), Check::new()) else {
            panic!("four fields are wrong");
        };
        let wrong: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(wrong, ["commission_percent", "email", "name", "website"]);
    }
}
