//! Texts as both backends compare them.

use crm_domain::field::search_key;

use super::super::fragment::{Bind, Sql};
use crate::{connection::Connection, dialect};

/// Whether a text column can hold this text on both backends: PostgreSQL keeps no NUL. What cannot be stored matches nothing.
pub(crate) fn can_be_stored(text: &str) -> bool {
    !text.contains('\0')
}

/// The texts among these that a column can hold.
pub(crate) fn storable(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).filter(|text| can_be_stored(text)).collect()
}

/// A search term as both backends look for it in a table's search text: lower case, and for `LIKE` its wildcards escaped.
pub(super) fn search(table: &'static str, term: &str, connection: &Connection) -> Sql {
    let term = search_key(term.trim());
    if !can_be_stored(&term) {
        return Sql::new("FALSE");
    }
    // The trigram index knows nothing shorter.
    if dialect::has_search_table(connection) && term.chars().count() >= 3 {
        let phrase = format!("\"{}\"", term.replace('"', "\"\""));
        let rows = Sql::new(table).sql(".id IN (SELECT rowid FROM ").sql(table).sql("_search WHERE ");
        return rows.sql(table).sql("_search MATCH ").bind(Bind::Text(phrase)).sql(")");
    }
    Sql::new(table).sql(".search_text").then(holds(&term))
}

/// A search term as it is looked for in the text of one row after the other.
pub(super) fn holds_somewhere(table: &'static str, term: &str) -> Sql {
    let term = search_key(term.trim());
    match can_be_stored(&term) {
        true => Sql::new(table).sql(".search_text").then(holds(&term)),
        false => Sql::new("FALSE"),
    }
}

/// `LIKE` a pattern of everything that holds this text.
pub(super) fn holds(text: &str) -> Sql {
    let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    Sql::new(" LIKE ").bind(Bind::Text(format!("%{escaped}%"))).sql(" ESCAPE '\\'")
}

/// The least text that is greater than every text that begins with `prefix`; `None` when there is none.
pub(super) fn end_of_prefix(prefix: &str) -> Option<String> {
    let mut letters: Vec<char> = prefix.chars().collect();
    while let Some(last) = letters.pop() {
        // Between U+D7FF and U+E000 there are no characters.
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            letters.push(next);
            return Some(letters.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_the_next_text() {
        for (prefix, end) in [
            ("a", Some("b")),
            ("az", Some("a{")),
            ("\u{d7ff}", Some("\u{e000}")),
            ("a\u{10ffff}", Some("b")),
        ] {
            assert_eq!(end_of_prefix(prefix).as_deref(), end);
        }
        assert_eq!(end_of_prefix("\u{10ffff}"), None);
    }
}
