//! The fields of a noun as lists know them.

use std::{fmt::Debug, hash::Hash, ops::Deref};

use time::Date;

use super::{CustomColumn, Operator};
use crate::{
    decimal::Decimal,
    error::Problem,
    field::{Email, Text, WebAddress, format_date, parse_date, parse_integer},
    id::RecordId,
    money::{Currency, Money},
    page::SortValue,
    stamp::Stamp,
};

/// What a field holds, and so how a value of it is read and compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Another record's id, or the record's own.
    Id,
    /// A whole number.
    Integer,
    /// A [`Decimal`], compared by its sort key.
    Decimal,
    /// A text, compared as it was written, by code points.
    Text,
    /// A text, compared in lower case.
    Key,
    /// One of these words, whatever its case.
    Choice(&'static [&'static str]),
    /// One of these words, whatever its case, kept and compared as its place among them: the last is the most.
    Ranked(&'static [&'static str]),
    /// True or false; false comes first.
    Bool,
    /// A calendar date.
    Date,
    /// A point in time.
    Stamp,
    /// An amount of money, compared in minor units.
    Money,
}

/// A value as lists compare it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Of [`Kind::Bool`].
    Bool(bool),
    /// An id, a number, the place of a word, microseconds, or minor units of money.
    Integer(i64),
    /// A text, in lower case for [`Kind::Key`]; a date as `YYYY-MM-DD`; the sort key of a [`Kind::Decimal`].
    Text(String),
}

/// What lists know of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// Its name, snake case.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// Whether records can lack it.
    pub is_nullable: bool,
    /// Whether an index serves conditions on it; without one lists neither filter nor sort by it.
    pub is_filterable: bool,
    /// Whether that index leaves out the records that lack it: conditions that such records meet are not served.
    pub is_sparse: bool,
    /// Whether [`Operator::Contains`] is served: only for a [`Kind::Key`] that is part of the search text.
    pub is_searchable: bool,
    /// Whether its order is that of the ids, which ascend with creation.
    pub is_in_id_order: bool,
    /// Whether a [`Kind::Key`] is an email's, which is compared by [`Email::key_of`].
    pub is_email: bool,
    /// Words of a [`Kind::Text`] that are meant whatever their case; other texts are compared as they are.
    pub words: &'static [&'static str],
}

macro_rules! specs_of_kinds {
    ($($(#[$doc:meta])* $name:ident = $kind:ident;)*) => {$(
        $(#[$doc])*
        pub const fn $name(name: &'static str) -> Self {
            Self::new(name, Kind::$kind)
        }
    )*};
}

impl Spec {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            is_nullable: false,
            is_filterable: false,
            is_sparse: false,
            is_searchable: false,
            is_in_id_order: false,
            is_email: false,
            words: &[],
        }
    }

    specs_of_kinds! {
        /// A field of [`Kind::Id`].
        id = Id;
        /// A field of [`Kind::Integer`].
        integer = Integer;
        /// A field of [`Kind::Decimal`].
        decimal = Decimal;
        /// A field of [`Kind::Text`].
        text = Text;
        /// A field of [`Kind::Key`].
        key = Key;
        /// A field of [`Kind::Bool`].
        boolean = Bool;
        /// A field of [`Kind::Date`].
        date = Date;
        /// A field of [`Kind::Stamp`].
        stamp = Stamp;
        /// A field of [`Kind::Money`].
        money = Money;
    }

    /// A field of [`Kind::Choice`].
    pub const fn choice(name: &'static str, words: &'static [&'static str]) -> Self {
        Self::new(name, Kind::Choice(words))
    }

    /// A field of [`Kind::Ranked`].
    pub const fn ranked(name: &'static str, words: &'static [&'static str]) -> Self {
        Self::new(name, Kind::Ranked(words))
    }

    /// A [`Kind::Key`] of emails.
    pub const fn email(name: &'static str) -> Self {
        Self {
            is_email: true,
            ..Self::key(name)
        }
    }

    /// The form in which a [`Kind::Key`] is compared.
    pub fn key_of(&self, text: &str) -> String {
        if self.is_email { Email::key_of(text) } else { text.to_lowercase() }
    }

    /// Records can lack it.
    pub const fn nullable(self) -> Self {
        Self { is_nullable: true, ..self }
    }

    /// An index in its order, then the id's, serves conditions on it.
    pub const fn filterable(self) -> Self {
        Self {
            is_filterable: true,
            ..self
        }
    }

    /// Records can lack it, and an index of those that do not serves conditions on it.
    pub const fn sparse(self) -> Self {
        Self {
            is_sparse: true,
            ..self.nullable().filterable()
        }
    }

    /// It is part of the search text.
    pub const fn searchable(self) -> Self {
        Self {
            is_searchable: true,
            ..self
        }
    }

    /// Its order is that of the ids.
    pub const fn in_id_order(self) -> Self {
        Self {
            is_in_id_order: true,
            ..self
        }
    }

    /// A text that is mostly one of these words, which are meant whatever their case.
    pub const fn knowing(self, words: &'static [&'static str]) -> Self {
        Self { words, ..self }
    }

    /// Whether lists can be sorted by it: an index of every live record has its order. Without one each page would cost a look at all of
    /// them (contract X-106).
    pub const fn is_sortable(&self) -> bool {
        self.is_in_id_order || (self.is_filterable && !self.is_sparse)
    }

    /// The operators that a condition on it may have; none when it is not filterable.
    pub fn operators(&self) -> impl Iterator<Item = Operator> {
        let spec = *self;
        Operator::ALL.into_iter().filter(move |operator| operator.fits(&spec))
    }

    /// Reads one value as the domain writes it: ids as digits, money in major units of US dollars. Families that write them otherwise read
    /// those kinds themselves.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn read(&self, text: &str) -> Result<Value, Problem> {
        let text = text.trim();
        match self.kind {
            _ if text.is_empty() => Err(Problem::Required),
            _ if text.contains('\0') => Err(Problem::ControlCharacter),
            Kind::Id => parse_integer(text, 0, i64::MAX).map(Value::Integer),
            Kind::Integer => parse_integer(text, i64::MIN, i64::MAX).map(Value::Integer),
            Kind::Decimal => Decimal::parse(text).map(|number| Value::Text(number.sort_key())),
            Kind::Text => Ok(Value::Text(
                place_among(self.words, text).map_or(text, |place| self.words[place]).to_owned(),
            )),
            Kind::Key => Ok(Value::Text(self.key_of(text))),
            Kind::Choice(words) => {
                let place = place_among(words, text)?;
                Ok(Value::Text(words[place].to_owned()))
            }
            Kind::Ranked(words) => {
                let place = place_among(words, text)?;
                Ok(Value::Integer(i64::try_from(place).unwrap_or(i64::MAX)))
            }
            Kind::Bool => match text.to_ascii_lowercase().as_str() {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                _ => Err(choice(&["true", "false"])),
            },
            Kind::Date => parse_date(text).map(|date| Value::Text(format_date(date))),
            Kind::Stamp => Stamp::parse(text).map(|stamp| Value::Integer(stamp.micros())),
            Kind::Money => Money::parse(text, Currency::USD).map(|money| Value::Integer(money.minor)),
        }
    }

    /// Whether a value is of this field's kind.
    pub(super) fn holds(&self, value: &Value) -> bool {
        match self.kind {
            Kind::Bool => matches!(value, Value::Bool(_)),
            Kind::Id | Kind::Integer | Kind::Ranked(_) | Kind::Stamp | Kind::Money => matches!(value, Value::Integer(_)),
            Kind::Decimal | Kind::Text | Kind::Key | Kind::Choice(_) | Kind::Date => {
                matches!(value, Value::Text(text) if !text.contains('\0'))
            }
        }
    }
}

/// Where a word stands among these, whatever its case.
fn place_among(words: &[&str], text: &str) -> Result<usize, Problem> {
    let wanted = text.to_lowercase();
    let place = words.iter().position(|word| word.to_lowercase() == wanted);
    place.ok_or_else(|| choice(words))
}

pub(crate) fn choice(words: &[&str]) -> Problem {
    Problem::Choice {
        allowed: words.iter().map(|word| (*word).to_owned()).collect(),
    }
}

/// A noun's fields. The default is the order of creation.
pub trait Field: Copy + Debug + Default + Eq + Hash + Send + Sync + 'static {
    /// The noun.
    type Record;
    /// Every field.
    const ALL: &'static [Self];

    /// What lists know of it.
    fn spec(self) -> &'static Spec;
    /// A record's value of it, as lists compare it; `None` of a custom field, whose values are not in the record.
    fn value(self, record: &Self::Record) -> Option<Value>;
    /// A record's id.
    fn id(record: &Self::Record) -> i64;

    /// The custom field that it is, if it is one.
    fn custom(self) -> Option<CustomColumn> {
        None
    }
    /// A custom field as one of the noun's; `None` where the noun has none.
    fn of_custom(_: CustomColumn) -> Option<Self> {
        None
    }

    /// What a cursor carries of the last record of a page in a list sorted by this field, which is no custom one.
    fn place(self, record: &Self::Record) -> SortValue {
        self.place_of(self.value(record))
    }

    /// The same of a record that has this value of the field.
    fn place_of(self, value: Option<Value>) -> SortValue {
        let spec = self.spec();
        match value {
            _ if spec.is_in_id_order => SortValue::Id,
            Some(Value::Text(text)) => SortValue::Text(Some(text)),
            Some(Value::Integer(number)) => SortValue::Integer(Some(number)),
            Some(Value::Bool(flag)) => SortValue::Integer(Some(flag.into())),
            None => match spec.kind {
                Kind::Decimal | Kind::Text | Kind::Key | Kind::Choice(_) | Kind::Date => SortValue::Text(None),
                Kind::Id | Kind::Integer | Kind::Ranked(_) | Kind::Bool | Kind::Stamp | Kind::Money => SortValue::Integer(None),
            },
        }
    }
}

/// What a field of an entity holds, as lists compare it.
pub trait IntoValue {
    /// The value; `None` where there is none.
    fn into_value(self) -> Option<Value>;
}

impl<T: IntoValue> IntoValue for Option<T> {
    fn into_value(self) -> Option<Value> {
        self.and_then(IntoValue::into_value)
    }
}

impl IntoValue for Value {
    fn into_value(self) -> Option<Value> {
        Some(self)
    }
}

impl<I: RecordId> IntoValue for I {
    fn into_value(self) -> Option<Value> {
        self.get().into_value()
    }
}

impl<const MAX: usize> IntoValue for &Text<MAX> {
    fn into_value(self) -> Option<Value> {
        self.deref().into_value()
    }
}

macro_rules! values {
    ($($of:ty as $value:ident => $made:expr;)*) => {$(
        impl IntoValue for $of {
            fn into_value(self) -> Option<Value> {
                let $value = self;
                Some($made)
            }
        }
    )*};
}

values! {
    bool as flag => Value::Bool(flag);
    i64 as number => Value::Integer(number);
    Stamp as stamp => Value::Integer(stamp.micros());
    Money as money => Value::Integer(money.minor);
    Currency as currency => Value::Text(currency.as_str().to_owned());
    Date as date => Value::Text(format_date(date));
    String as text => Value::Text(text);
    &str as text => Value::Text(text.to_owned());
    &Email as email => Value::Text(email.as_str().to_owned());
    &WebAddress as address => Value::Text(address.as_str().to_owned());
}

/// Declares the fields by which lists of a noun are sorted and filtered.
///
/// Each line is a variant, its [`Spec`](crate::query::Spec) and the record's value. The first is the default order: that of creation. Texts
/// of [`Kind::Key`](crate::query::Kind::Key) are put in lower case here. `and Custom` behind the table adds the noun's custom fields.
#[macro_export]
macro_rules! fields {
    (
        $(#[$doc:meta])*
        pub enum $name:ident of $record:ident: $entity:ty {
            $first:ident: $first_spec:expr => $first_value:expr;
            $($variant:ident: $spec:expr => $value:expr;)*
        }
        $(and $custom:ident)?
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        #[allow(missing_docs, reason = "the entity's own fields")]
        pub enum $name {
            #[default]
            $first,
            $($variant,)*
            $($custom($crate::query::CustomColumn),)?
        }

        impl $crate::query::Field for $name {
            type Record = $entity;
            const ALL: &'static [Self] = &[Self::$first, $(Self::$variant),*];

            fn spec(self) -> &'static $crate::query::Spec {
                use $crate::query::Spec;
                match self {
                    Self::$first => const { &$first_spec },
                    $(Self::$variant => const { &$spec },)*
                    $(Self::$custom(column) => column.spec(),)?
                }
            }

            fn value(self, $record: &$entity) -> Option<$crate::query::Value> {
                use $crate::query::{IntoValue, Kind, Value};
                let value = match self {
                    Self::$first => IntoValue::into_value($first_value),
                    $(Self::$variant => IntoValue::into_value($value),)*
                    $(Self::$custom(_) => None,)?
                };
                match (self.spec().kind, value) {
                    (Kind::Key, Some(Value::Text(text))) => Some(Value::Text(self.spec().key_of(&text))),
                    (_, value) => value,
                }
            }

            fn id($record: &$entity) -> i64 {
                i64::from($record.id)
            }

            $(
                fn custom(self) -> Option<$crate::query::CustomColumn> {
                    match self {
                        Self::$custom(column) => Some(column),
                        _ => None,
                    }
                }

                fn of_custom(column: $crate::query::CustomColumn) -> Option<Self> {
                    Some(Self::$custom(column))
                }
            )?
        }
    };
}
