//! What an import needs to know of a noun.

use std::sync::Arc;

use crate::{
    error::Result,
    id::UserId,
    tenant::{
        TenantReader, TenantStore, UnitOfWork,
        account::AccountReads,
        change::EntityKind,
        contact::ContactReads,
        custom_field::{CustomFieldReads, Definitions, ValueSource},
        label::LabelReads,
        lead::LeadReads,
        opportunity::OpportunityReads,
    },
};

use super::{
    columns::Columns,
    company::{Links, NamedAccounts},
};

/// A row that was cut into cells.
pub(super) struct Row {
    /// Its place among the rows of the file, counted from 1.
    pub(super) record: u64,
    /// Physical line on which it starts, counted from 1.
    pub(super) line: u64,
    /// As many as there are columns.
    pub(super) cells: Vec<String>,
    /// The user whom the row names as owner.
    pub(super) owner: Option<UserId>,
    /// How many rows before it in the file cannot be told from it (see [`Noun::twin_key`]).
    pub(super) twin: usize,
}

impl Row {
    /// Where it stands: its place and its line.
    pub(super) fn place(&self) -> (u64, u64) {
        (self.record, self.line)
    }
}

/// What people know a record by when it has no external id.
pub(super) enum Natural {
    /// Nothing by itself: see [`Noun::lookup_twins`].
    None,
    /// Something that several records may share; the oldest is meant.
    Shared,
    /// This field, which no two records share.
    Unique(&'static str),
}

/// Something that a record is known by beside its external id and natural key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Also {
    /// What it is.
    pub(super) kind: AlsoKind,
    /// It, in the form that is compared.
    pub(super) key: String,
}

/// What [`Also`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum AlsoKind {
    /// A profile: nobody shares it.
    Profile,
    /// Name and company: two may share them who [`Noun::differ`].
    Identity,
    /// A name alone: it tells of one only where no other has it who does not [`Noun::contradict`].
    Name,
}

/// A noun that can be imported.
pub(super) trait Noun: Send + Sync + Sized + 'static {
    /// The entity.
    type Record: Send + 'static;
    /// A valid row: the entity's fields.
    type Parsed: PartialEq + Send + 'static;
    /// The noun, lower case singular.
    const NOUN: &'static str;
    /// Its kind.
    const KIND: EntityKind;
    /// What a record is known by but its external id.
    const NATURAL: Natural;
    /// The fields whose cell may name an account: the first of them that the table has a column for does.
    const ACCOUNT: &'static [&'static str] = &[];
    /// Whether a row fails that names an account which does not exist.
    const NEEDS_ACCOUNT: bool = false;
    /// Whether the cells `contact_email` and `contact_external_id` name a contact.
    const HAS_CONTACT: bool = false;
    /// Whether the cells `parent` and `parent_external_id` name an account above the row's, which is resolved after the last row.
    const HAS_PARENT: bool = false;

    /// Gets ready; `owner` owns rows that name nobody.
    fn new(store: &dyn TenantStore, columns: Arc<Columns>, owner: UserId) -> Result<Self>;
    /// The columns.
    fn columns(&self) -> &Arc<Columns>;
    /// Imagines the stages that the rows name and that do not exist, so that the rows can be parsed; `Some` replaces this noun from
    /// these rows on.
    fn prepared(&self, _rows: &[Row], _store: &dyn TenantStore) -> Result<Option<Self>> {
        Ok(None)
    }
    /// `Some` replaces this noun for the unit, when stages have been made since [`Noun::prepared`] imagined some.
    fn refreshed(&self, _unit: &mut dyn UnitOfWork) -> Result<Option<Self>> {
        Ok(None)
    }
    /// Whether the stage is one that [`Noun::prepared`] imagined.
    fn is_imagined(&self, _stage: &str) -> bool {
        false
    }
    /// Makes imagined stages; the noun that knows them, with their number. `None` when it has no stages.
    fn with_stages(&self, _unit: &mut dyn UnitOfWork, _stages: &[String]) -> Result<Option<(Self, u64)>> {
        Ok(None)
    }

    /// The row as a new record.
    fn parse(&self, cells: &[String]) -> Result<Self::Parsed>;
    /// The row as an update of a record: what it does not say stays.
    fn merge(&self, current: &Self::Parsed, row: &Row, links: Links<'_>) -> Result<Self::Parsed>;
    /// Sets what [`Noun::parse`] could not know.
    fn complete(parsed: &mut Self::Parsed, owner: Option<UserId>, links: Links<'_>);
    /// The domains that tell to which account a new record belongs whose row names none, the surest first.
    fn domains(&self, _parsed: &Self::Parsed) -> Vec<String> {
        Vec::new()
    }

    /// The records that rows mean by their own ids in this tenant, each with the row's index; these go before everything else.
    fn lookup_own(&self, _records: &mut Records<'_>, _rows: &[Row]) -> Result<Vec<(usize, Self::Record)>> {
        Ok(Vec::new())
    }

    /// Under what rows count as twins: those of one key mean one record each, in order. `None` when the row is known by something else.
    fn twin_key(&self, _row: &Row, _parsed: &Self::Parsed) -> Option<u64> {
        None
    }
    /// The records that rows mean by being the nth of their twins, each with the row's index.
    fn lookup_twins(
        &self,
        _records: &mut Records<'_>,
        _rows: &[Row],
        _parsed: &[Self::Parsed],
        _accounts: &NamedAccounts,
    ) -> Result<Vec<(usize, Self::Record)>> {
        Ok(Vec::new())
    }

    /// The external id.
    fn external_id(parsed: &Self::Parsed) -> Option<&str>;
    /// What the record is known by but its external id, lower case.
    fn natural_key(parsed: &Self::Parsed) -> Option<String>;
    /// What the record is known by where neither external id nor natural key tells: the surest first.
    fn also_known(_parsed: &Self::Parsed) -> Vec<Also> {
        Vec::new()
    }
    /// Those of [`Noun::also_known`] by which a row's record is looked for.
    fn also_asked(&self, parsed: &Self::Parsed) -> Vec<Also> {
        Self::also_known(parsed)
    }
    /// Whether two who have but a name in common are different by something else.
    fn contradict(_one: &Self::Parsed, _other: &Self::Parsed) -> bool {
        false
    }
    /// Whether two are known to be different, whatever they share.
    fn differ(_one: &Self::Parsed, _other: &Self::Parsed) -> bool {
        false
    }
    /// The stage that the row is counted under.
    fn stage(_parsed: &Self::Parsed) -> Option<&str> {
        None
    }

    /// The live records with these external ids, or with these [`Noun::exported_id`]s.
    fn lookup_external(records: &mut Records<'_>, ids: &[String]) -> Result<Vec<Self::Record>>;
    /// The live records with these natural keys, oldest first.
    fn lookup_natural(records: &mut Records<'_>, keys: &[String]) -> Result<Vec<Self::Record>>;
    /// The live records that are known by these, oldest first.
    fn lookup_also(_records: &mut Records<'_>, _also: &[Also]) -> Result<Vec<Self::Record>> {
        Ok(Vec::new())
    }
    /// What a record without an external id is called in an exported table, where that is more than its fields tell.
    fn exported_id(_record: &Self::Record) -> Option<String> {
        None
    }
    /// The record's id.
    fn id(record: &Self::Record) -> i64;
    /// The record's fields.
    fn fields(record: &Self::Record) -> Self::Parsed;
    /// Keeps new records and their changes; returns the ids in order.
    fn add(unit: &mut dyn UnitOfWork, new: Vec<Self::Parsed>) -> Result<Vec<i64>>;
    /// Keeps a record's new fields and the change.
    fn revise(unit: &mut dyn UnitOfWork, before: &Self::Record, fields: Self::Parsed) -> Result<()>;
}

/// Reads within a unit of work or, in a dry run, outside of any.
pub(super) enum Records<'a> {
    Unit(&'a mut dyn UnitOfWork),
    Reader(&'a mut dyn TenantReader),
}

impl ValueSource for Records<'_> {
    fn custom_fields(&mut self) -> &mut dyn CustomFieldReads {
        match self {
            Self::Unit(unit) => unit.custom_fields(),
            Self::Reader(reader) => reader.custom_fields(),
        }
    }

    fn labels(&mut self) -> &mut dyn LabelReads {
        match self {
            Self::Unit(unit) => unit.labels(),
            Self::Reader(reader) => reader.labels(),
        }
    }
}

impl Records<'_> {
    /// The custom fields of a kind of record.
    pub(super) fn definitions(&mut self, kind: EntityKind) -> Result<Definitions> {
        match self {
            Self::Unit(unit) => Definitions::in_unit(*unit, kind),
            Self::Reader(reader) => Definitions::read(reader.custom_fields(), kind),
        }
    }

    pub(super) fn accounts(&mut self) -> &mut dyn AccountReads {
        match self {
            Self::Unit(unit) => unit.accounts(),
            Self::Reader(reader) => reader.accounts(),
        }
    }

    pub(super) fn contacts(&mut self) -> &mut dyn ContactReads {
        match self {
            Self::Unit(unit) => unit.contacts(),
            Self::Reader(reader) => reader.contacts(),
        }
    }

    pub(super) fn leads(&mut self) -> &mut dyn LeadReads {
        match self {
            Self::Unit(unit) => unit.leads(),
            Self::Reader(reader) => reader.leads(),
        }
    }

    pub(super) fn opportunities(&mut self) -> &mut dyn OpportunityReads {
        match self {
            Self::Unit(unit) => unit.opportunities(),
            Self::Reader(reader) => reader.opportunities(),
        }
    }
}
