//! Field types that cannot hold an invalid value, and the collector that parses a whole command.
//!
//! Parse, don't validate: a port never sees a string that was not parsed into one of these first.

use std::{borrow::Cow, fmt, ops::Deref};

use icu_normalizer::ComposingNormalizerBorrowed;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{Date, format_description::BorrowedFormatItem, macros::format_description};

use crate::error::{Error, FieldError, Problem, Result};

const DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");

/// Non-blank text of at most `MAX` characters, trimmed, without control characters but tab and line breaks.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    /// Trims and checks `value`; one that nobody could see is blank.
    pub fn parse(value: &str) -> Result<Self, Problem> {
        let value = value.trim();
        if is_blank(value) {
            return Err(Problem::Required);
        }
        if value.len() > MAX && value.chars().count() > MAX {
            return Err(Problem::TooLong { max: MAX });
        }
        if value.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
            return Err(Problem::ControlCharacter);
        }
        Ok(Self(value.to_owned()))
    }

    /// Trusts a value that was parsed before it was stored.
    pub fn from_store(value: String) -> Self {
        Self(value)
    }

    /// The text itself.
    pub fn into_inner(self) -> String {
        self.0
    }
}

/// Whether nobody could see anything of a text.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_invisible)
}

/// Spaces, and characters that show nothing by themselves: joiners, marks of direction, fillers, selectors of variants.
fn is_invisible(character: char) -> bool {
    character.is_whitespace()
        || matches!(character,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

impl<const MAX: usize> Deref for Text<MAX> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize> Serialize for Text<MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Trusts what was serialised, as [`Text::from_store`] does: a rule that became stricter since must not make what was written unreadable.
impl<'de, const MAX: usize> Deserialize<'de> for Text<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// A day or null, as [`format_date`] writes it: for `#[serde(default, with = "optional_date")]`.
pub(crate) mod optional_date {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
    use time::Date;

    use super::{format_date, parse_date};

    pub(crate) fn serialize<S: Serializer>(date: &Option<Date>, serializer: S) -> Result<S::Ok, S::Error> {
        date.map(format_date).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Date>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| parse_date(&text)).transpose().map_err(de::Error::custom)
    }
}

/// An email address as people write it: one `@`, a dotted or single-label domain, at most 254 characters. Compared by [`Email::key`].
///
/// Deserialising trusts what was serialised, as [`Email::from_store`] does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Trims and checks `value`; the case of the letters is kept.
    pub fn parse(value: &str) -> Result<Self, Problem> {
        let value = value.trim();
        if value.is_empty() {
            return Err(Problem::Required);
        }
        if value.len() > 254 {
            return Err(Problem::TooLong { max: 254 });
        }
        let (local, domain) = value.rsplit_once('@').ok_or(Problem::Email)?;
        if is_local_part(local) && is_domain(&nfc(domain)) {
            Ok(Self(value.to_owned()))
        } else {
            Err(Problem::Email)
        }
    }

    /// Trusts a value that was parsed before it was stored.
    pub fn from_store(value: String) -> Self {
        Self(value)
    }

    /// The form that uniqueness is judged by: the part before the `@` in lower case and composed (NFC), the domain in lower case and ASCII. So
    /// `a@münchen.de`, however its `ü` is encoded, and `A@xn--mnchen-3ya.de` are one.
    pub fn key(&self) -> String {
        Self::key_of(&self.0)
    }

    /// The [`Email::key`] that a text has if it is an address.
    pub fn key_of(text: &str) -> String {
        let text = text.trim();
        match text.rsplit_once('@') {
            _ if text.is_ascii() => text.to_ascii_lowercase(),
            Some((local, domain)) => format!("{}@{}", nfc(&nfc(local).to_lowercase()), host_key(&nfc(domain))),
            None => nfc(&nfc(text).to_lowercase()).into_owned(),
        }
    }

    /// What follows the `@`, as [`WebAddress::host`] writes it.
    pub fn domain(&self) -> String {
        let domain = self.0.rsplit_once('@').map_or("", |(_, domain)| domain);
        host_key(domain)
    }

    /// The address as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address itself.
    pub fn into_inner(self) -> String {
        self.0
    }
}

/// A host's name in the form that hosts are compared by: lower case, and as ASCII where it is written in another script.
fn host_key(host: &str) -> String {
    url::Host::parse(host).map_or_else(|_| host.to_lowercase(), |host| host.to_string())
}

fn is_local_part(local: &str) -> bool {
    let dots = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    let characters = local
        .chars()
        .all(|c| !c.is_whitespace() && !c.is_control() && !r#"@"(),:;<>[\]"#.contains(c));
    !local.is_empty() && local.len() <= 64 && dots && characters
}

/// The text with composed characters.
fn nfc(text: &str) -> Cow<'_, str> {
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

/// Whether a composed text names a host, and no address of one.
fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        let edges = !label.starts_with('-') && !label.ends_with('-');
        !label.is_empty() && label.len() <= 63 && edges && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    // A single label would be a host of the local network: no public mailbox lives there.
    let is_written_well = domain.contains('.') && domain.split('.').all(label);
    // What it is to the domain name system may be longer, or nothing at all.
    let in_ascii = |ascii: &str| ascii.len() <= 253 && ascii.split('.').all(|label| label.len() <= 63);
    is_written_well && matches!(url::Host::parse(domain), Ok(url::Host::Domain(ascii)) if in_ascii(&ascii))
}

/// An `http` or `https` URL, or a bare host name that people type for one (`www.example.com`), at most 2,048 characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct WebAddress(String);

impl WebAddress {
    /// Trims and checks `value`; it is kept as written.
    pub fn parse(value: &str) -> Result<Self, Problem> {
        let text = Text::<2048>::parse(value)?;
        let url = full_url(&text).ok_or(Problem::Url)?;
        let known =
            matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| host.contains('.') || host == "localhost");
        if known { Ok(Self(text.into_inner())) } else { Err(Problem::Url) }
    }

    /// The name of the host without a leading `www.`, in lower case and ASCII.
    pub fn host(&self) -> Option<String> {
        let host = full_url(&self.0)?.host_str()?.to_lowercase();
        Some(host.strip_prefix("www.").unwrap_or(&host).to_owned())
    }

    /// Trusts a value that was parsed before it was stored.
    pub fn from_store(value: String) -> Self {
        Self(value)
    }

    /// The address itself.
    pub fn into_inner(self) -> String {
        self.0
    }

    /// The address as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn full_url(text: &str) -> Option<url::Url> {
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    url::Url::parse(&full).ok()
}

/// Joins the texts that a search of a record looks in, as [`search_key`] writes them.
pub(crate) fn join_search(parts: &[Option<&str>]) -> String {
    let parts: Vec<&str> = parts.iter().copied().flatten().collect();
    search_key(&parts.join("\n"))
}

/// The form that searches compare: lower case, with one small sigma, whose shape at a word's end would keep `ΟΔΟΣ` from being found in `ΟΔΟΣΑ`.
pub fn search_key(text: &str) -> String {
    text.to_lowercase().replace('ς', "σ")
}

/// Parses `YYYY-MM-DD`, also as the leading part of a timestamp.
pub fn parse_date(value: &str) -> Result<Date, Problem> {
    let value = value.trim();
    let day = match value.get(..10) {
        Some(day) if value.len() > 10 && value.as_bytes()[10].eq_ignore_ascii_case(&b'T') => {
            crate::stamp::Stamp::parse(value).map_err(|_| Problem::Date)?;
            day
        }
        _ => value,
    };
    // The parser also takes signs and years of other lengths, which no column and no family could show.
    let is_plain = day.len() == 10 && day.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let date = Date::parse(day, DATE).map_err(|_| Problem::Date)?;
    if is_plain && date.year() >= 1 {
        Ok(date)
    } else {
        Err(Problem::Date)
    }
}

/// Writes a date as `YYYY-MM-DD`.
pub fn format_date(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
}

/// Parses an integer between `min` and `max`.
pub fn parse_integer(value: &str, min: i64, max: i64) -> Result<i64, Problem> {
    let text = value.trim();
    match text.parse::<i64>() {
        Ok(number) if (min..=max).contains(&number) => Ok(number),
        Ok(_) => Err(Problem::Range { min, max }),
        Err(_) if is_beyond_integers(text) => Err(Problem::Range { min, max }),
        Err(_) => Err(Problem::WholeNumber),
    }
}

/// Whether a text is a number that is too large for an `i64`: `1e300` is whole, only out of every range.
fn is_beyond_integers(text: &str) -> bool {
    text.parse::<f64>()
        .is_ok_and(|number| number.is_finite() && number.abs() >= 2_f64.powi(63))
}

/// What an update says of an optional field: nothing, cleared, or a new value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// The field is not mentioned: it stays.
    #[default]
    Keep,
    /// The field is null or blank: it is cleared.
    Clear,
    /// The field has a new value.
    Set(T),
}

impl<T> Patch<T> {
    /// The field's value after the patch.
    pub fn or_current(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Keep => current,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }
}

impl<T> From<Option<T>> for Patch<T> {
    /// A value sets; `None` keeps.
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Keep, Self::Set)
    }
}

/// Collects the problems of a command's fields, so that a caller hears of all at once.
#[derive(Debug, Default)]
pub struct Check {
    errors: Vec<FieldError>,
}

impl Check {
    /// An empty collector.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a problem. Only a field's first problem stays: a wrong type is not reported as missing as well.
    pub fn fail(&mut self, field: &str, problem: Problem) {
        if self.has(field) {
            return;
        }
        self.errors.push(FieldError {
            field: field.to_owned(),
            problem,
        });
    }

    /// A field that must have a value: parsed when given, else the `current` one. `None` only when a problem was noted.
    pub fn required<T>(
        &mut self,
        field: &str,
        given: Patch<String>,
        current: Option<T>,
        parse: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        let parsed = match given {
            Patch::Keep => current.ok_or(Problem::Required),
            Patch::Clear => Err(Problem::Required),
            Patch::Set(value) => parse(&value),
        };
        parsed.map_err(|problem| self.fail(field, problem)).ok()
    }

    /// A field that may be empty: parsed when given, cleared by null or a blank text, else the `current` value.
    pub fn optional<T>(
        &mut self,
        field: &str,
        given: Patch<String>,
        current: Option<T>,
        parse: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        match given {
            Patch::Keep => current,
            Patch::Clear => None,
            Patch::Set(value) if is_blank(&value) => None,
            Patch::Set(value) => parse(&value).map_err(|problem| self.fail(field, problem)).ok(),
        }
    }

    /// Notes the problem of a parsed value and goes on with its default.
    pub fn keep<T: Default>(&mut self, field: &str, parsed: Result<T, Problem>) -> T {
        parsed.unwrap_or_else(|problem| {
            self.fail(field, problem);
            T::default()
        })
    }

    /// Takes over the problems of a command inside this one, each named `part.field`; what the command is when it has none.
    ///
    /// # Errors
    /// Those that are no problems of fields.
    pub fn within<T>(&mut self, part: &str, parsed: Result<T>) -> Result<Option<T>> {
        match parsed {
            Ok(value) => Ok(Some(value)),
            Err(Error::Invalid(errors)) => {
                for error in errors {
                    self.fail(&format!("{part}.{}", error.field), error.problem);
                }
                Ok(None)
            }
            Err(other) => Err(other),
        }
    }

    /// Whether a problem of this field was noted.
    pub fn has(&self, field: &str) -> bool {
        self.errors.iter().any(|error| error.field == field)
    }

    /// Takes back the problem of a field whose value turns out to stay as it is.
    pub fn forgive(&mut self, field: &str) {
        self.errors.retain(|error| error.field != field);
    }

    /// `Ok` when nothing was noted, else all problems sorted by field.
    pub fn finish(mut self) -> Result<()> {
        if self.errors.is_empty() {
            return Ok(());
        }
        self.errors.sort_by(|a, b| a.field.cmp(&b.field));
        Err(Error::Invalid(self.errors))
    }

    /// [`Check::finish`], then the value that every required field together made; both fail together.
    pub fn finish_with<T>(self, value: Option<T>) -> Result<T> {
        self.finish()?;
        value.ok_or_else(|| Error::Internal("a required field is missing without a problem noted".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_is_blank() {
        for blank in [
            "",
            " ",
            "\u{200b}",
            " \u{200b}\u{feff} ",
            "\u{2060}\u{ad}",
            "\u{3164}",
            "\u{2800}\u{3000}",
        ] {
            assert_eq!(Text::<5>::parse(blank), Err(Problem::Required), "{blank:?}");
        }
        // Joiners belong to words of some scripts, and to emojis.
        for name in ["\u{200b}a", "می\u{200c}خو", "\u{2764}\u{fe0f}"] {
            assert_eq!(&*Text::<9>::parse(name).unwrap(), name);
        }
    }

    #[test]
    fn an_integer_has_no_fraction_and_lies_in_its_range() {
        let parse = |text: &str| parse_integer(text, 0, 100);
        assert_eq!((parse("0"), parse(" 100 "), parse("+7")), (Ok(0), Ok(100), Ok(7)));
        let range = Problem::Range { min: 0, max: 100 };
        for beyond in ["-1", "101", "99999999999999999999", "-99999999999999999999", "1e300"] {
            assert_eq!(parse(beyond), Err(range.clone()), "{beyond}");
        }
        for fraction in ["5.5", "0.1", "1e-3", "", "x", "nan", "inf"] {
            assert_eq!(parse(fraction), Err(Problem::WholeNumber), "{fraction}");
        }
    }

    #[test]
    fn an_email_is_one_however_it_is_encoded() {
        let key = |text: &str| Email::parse(text).unwrap().key();
        assert_eq!(key(" A.B@Example.COM"), "a.b@example.com");
        for same in [
            "zoë@münchen.de",
            "ZOE\u{308}@MU\u{308}NCHEN.de",
            "zoe\u{308}@xn--mnchen-3ya.de",
            "Zoë@XN--MNCHEN-3YA.DE",
        ] {
            assert_eq!(key(same), "zoë@xn--mnchen-3ya.de", "{same}");
        }
        assert_eq!(
            Email::parse("a@mu\u{308}nchen.de").unwrap().as_str(),
            "a@mu\u{308}nchen.de",
            "it is kept as written"
        );
        // What is no address has a key that no address has.
        assert_eq!(
            (Email::key_of(" Nobody "), Email::key_of("É")),
            ("nobody".to_owned(), "é".to_owned())
        );
    }

    #[test]
    fn a_host_that_cannot_be_is_no_emails() {
        let long = format!("a@{}.de", "ü".repeat(60));
        for bad in [
            "a@1.2.3.4",
            "a@0x7f.1",
            "a@xn--a.de",
            "a@b.123",
            "a@\u{308}b.de",
            "a@-b.de",
            "a@b",
            &long,
        ] {
            assert_eq!(Email::parse(bad), Err(Problem::Email), "{bad}");
        }
        for good in ["a@b.co", "a@1.2.3.de", "a@xn--mnchen-3ya.de", "a@例え.jp"] {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn mail_and_web_addresses_of_one_host_have_the_same_key() {
        let website = |text: &str| WebAddress::parse(text).unwrap().host();
        let domain = |text: &str| Some(Email::parse(text).unwrap().domain());
        assert_eq!(website("https://WWW.Example.com:8443/about?x=1"), domain("a@example.COM"));
        assert_eq!(website("exämple.com"), domain("a.b@EXÄMPLE.com"));
        assert_ne!(website("shop.example.com"), domain("a@example.com"));
    }

    #[test]
    fn only_days_that_every_family_can_show_are_dates() {
        for day in ["2025-03-15", "0001-01-01", "9999-12-31", "2025-03-15T10:00:00Z"] {
            assert!(parse_date(day).is_ok(), "{day}");
        }
        for wrong in [
            "-0001-01-01",
            "-9999-12-31",
            "0000-01-01",
            "+2025-01-01",
            "2025-02-30",
            "15.03.2025",
            "2025-3-15",
            "２０２５-03-15",
        ] {
            assert_eq!(parse_date(wrong), Err(Problem::Date), "{wrong}");
        }
    }
}
