//! Reading tables that people upload: CSV files of unknown encoding, delimiter and quality.
//!
//! A [`TableReader`] streams a file of any size in bounded memory (a few MiB), finds out how it was written, and gives
//! one [`Row`] or one [`RowError`] per record, so that a bad row costs its importer that row and no other.
//! [`auto_map`] then proposes which column feeds which field, and [`Mapping::apply_overrides`] lets a person correct it.
//!
//! Nothing here knows a CRM entity: an importer brings its own [`FieldSpec`]s.
//!
//! What happens to a file, in order: `encoding` turns bytes into UTF-8, `record` cuts it into records within the size
//! limit, `preamble` finds what stands before the header, the `csv` crate cuts a record into cells, `reader` checks the cells against the header.

mod delimiter;
mod encoding;
mod mapping;
mod matching;
mod preamble;
mod problem;
mod reader;
mod record;
#[cfg(test)]
mod tests;

pub use delimiter::Delimiter;
pub use encoding::Encoding;
pub use mapping::{FieldSpec, MappedColumn, Mapping, MappingError, UNMAP, auto_map};
pub use problem::{RowError, RowProblem, TableError};
pub use reader::{MAX_COLUMNS, Row, TableOptions, TableReader};
pub use record::MAX_RECORD_BYTES;
