//! Windows on a list: by offset as the documents show, or by an opaque cursor, so that a deep page costs what the first costs.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    error::{Error, Problem, Result},
    stamp::Stamp,
};

/// Ascending or descending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
}

/// The order of a list: by `key`, then by id in the same direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sort<K> {
    /// The field sorted by.
    pub key: K,
    /// Its direction.
    pub direction: Direction,
}

/// Where a page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// After this many records.
    Offset(u64),
    /// After the record that the cursor names.
    After(Cursor),
}

/// Which records of a list a caller wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The most records of the page; callers clamp it to their document's maximum.
    pub limit: u32,
    /// Where the page begins.
    pub start: Start,
}

impl Window {
    /// The first `limit` records.
    pub fn first(limit: u32) -> Self {
        Self {
            limit,
            start: Start::Offset(0),
        }
    }
}

/// The value of the sort key in the last record of a page.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum SortValue {
    /// The list is sorted by id alone.
    #[serde(rename = "i")]
    Id,
    /// An integer, a date as days, a stamp as microseconds; `None` for null.
    #[serde(rename = "n")]
    Integer(Option<i64>),
    /// A text; `None` for null.
    #[serde(rename = "t")]
    Text(Option<String>),
}

/// The place behind the last record of a page. Opaque to clients; bound to the order and filter it was made for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The sort key's value in the last record.
    pub value: SortValue,
    /// The last record's id.
    pub id: i64,
    /// The newest stamp that the first page of this walk could see; a walk keeps it to its end.
    pub seen: Stamp,
    /// Digest of order and filter: a cursor of another list is refused.
    pub list: u32,
}

impl Cursor {
    /// The opaque text.
    pub fn encode(&self) -> String {
        let parts = (&self.value, self.id, self.seen.micros(), self.list);
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&parts).unwrap_or_default())
    }

    /// Reads the text back; a cursor of another list (other order or filter) is refused.
    pub fn decode(text: &str, list: u32) -> Result<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Self::refusal())?;
        let (value, id, seen, made_for) = serde_json::from_slice::<(SortValue, i64, i64, u32)>(&bytes).map_err(|_| Self::refusal())?;
        if made_for != list {
            return Err(Self::refusal());
        }
        Ok(Self {
            value,
            id,
            seen: Stamp::from_micros(seen),
            list,
        })
    }

    /// Where the page behind one begins that ends with this record, in the list whose digest is `list`. A walk keeps what its first page could see:
    /// `before` is the cursor of the page itself, if it had one, `seen` what it saw.
    pub fn following(before: Option<&Self>, list: u32, (value, id): (SortValue, i64), seen: Stamp) -> Self {
        Self {
            value,
            id,
            seen: before.map_or(seen, |cursor| cursor.seen),
            list,
        }
    }

    /// Says that a cursor is not one of this list's.
    pub fn refusal() -> Error {
        Error::invalid(
            "cursor",
            Problem::Rule("must be a cursor returned by this list with the same filters and order".to_owned()),
        )
    }

    /// The digest that binds a cursor to its list.
    pub fn list_digest(order_and_filter: &str) -> u32 {
        crc32fast::hash(order_and_filter.as_bytes())
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The records, in the list's order.
    pub items: Vec<T>,
    /// All records that match, not only this page's; exact.
    pub total: u64,
    /// Whether further records follow.
    pub has_more: bool,
    /// The newest stamp committed when the page was read: every later change has a greater one.
    pub seen: Stamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursor_reads_back_and_refuses_other_lists() {
        let cursor = Cursor {
            value: SortValue::Text(Some("Ünï".to_owned())),
            id: 7,
            seen: Stamp::from_micros(5),
            list: Cursor::list_digest("name asc"),
        };
        let text = cursor.encode();
        assert_eq!(Cursor::decode(&text, cursor.list).unwrap(), cursor);
        assert!(Cursor::decode(&text, Cursor::list_digest("name desc")).is_err());
        for bad in ["", "!", "AAAA", &text[1..]] {
            assert!(Cursor::decode(bad, cursor.list).is_err());
        }
    }
}
