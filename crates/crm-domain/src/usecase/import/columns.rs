//! Which cell of a row feeds which field, with the values that a person corrected.

use std::collections::HashMap;

use crate::{
    error::{Error, FieldError, Problem},
    field::Patch,
    table::Mapping,
    tenant::custom_field::{self, CustomField},
    usecase::export::{guarded, is_export, unguarded},
};

use super::{
    custom::{self, CustomColumn},
    failures::is_guarded,
    options::{ImportKind, ImportOptions},
    report::{ColumnUse, ImportError, RowFailure},
};

/// What else a domain field's value may have come from, when no column feeds it by its own name.
const ALIASES: [(&str, &[&str]); 10] = [
    ("name", &["product", "full_name"]),
    ("full_name", &["last_name", "first_name", "email"]),
    ("first_name", &["full_name"]),
    ("last_name", &["full_name"]),
    ("closed_on", &["close_date"]),
    ("expected_close_date", &["close_date"]),
    ("account_id", &["account", "company", "account_external_id"]),
    ("contact_id", &["contact_external_id", "contact_email"]),
    ("owner_id", &["owner"]),
    ("parent_id", &["parent", "parent_external_id"]),
];

/// The columns of a table, resolved.
pub(super) struct Columns {
    headers: Vec<String>,
    mapping: Mapping,
    by_field: HashMap<&'static str, usize>,
    custom: Vec<CustomColumn>,
    replacements: HashMap<usize, HashMap<String, String>>,
    /// Whether the table is one that an export guarded against formulas.
    is_guarded: bool,
    /// Whether an export of ours wrote the table: its cells are what they say.
    is_ours: bool,
    /// Major units per unit of the revenue column.
    pub(super) revenue_scale: u64,
}

impl Columns {
    /// Maps the headers, then applies what the caller says; `fields` are the tenant's custom fields of this kind of record.
    pub(super) fn resolve(
        headers: &[String],
        kind: ImportKind,
        options: &ImportOptions,
        fields: &[CustomField],
    ) -> Result<Self, ImportError> {
        let mut mapping = kind.map(headers, options.only);
        let custom = custom::map(&mut mapping, &options.mapping, fields)?;
        let mut columns = Self {
            headers: headers.to_vec(),
            by_field: mapping.mapped().map(|mapped| (mapped.field, mapped.column)).collect(),
            mapping,
            custom,
            replacements: HashMap::new(),
            is_guarded: is_guarded(headers),
            is_ours: is_guarded(headers) || is_export(headers),
            revenue_scale: 1,
        };
        if !kind.needed().iter().any(|field| columns.by_field.contains_key(field)) {
            return Err(ImportError::NoNameColumn {
                kind: kind.as_str(),
                fields: kind.needed().join(", "),
                headers: headers.join(", "),
            });
        }
        columns.add_replacements(options)?;
        columns.add_scales(options)?;
        Ok(columns)
    }

    fn add_replacements(&mut self, options: &ImportOptions) -> Result<(), ImportError> {
        for replacement in &options.replacements {
            let column = self.find(&replacement.column)?;
            let values = self.replacements.entry(column).or_default();
            values.insert(replacement.from.clone(), replacement.to.clone());
        }
        Ok(())
    }

    fn add_scales(&mut self, options: &ImportOptions) -> Result<(), ImportError> {
        for scale in &options.scales {
            if Some(&self.find(&scale.column)?) != self.by_field.get("annual_revenue") {
                return Err(ImportError::Option(format!(
                    "{:?} cannot be scaled: only annual_revenue can",
                    scale.column
                )));
            }
            self.revenue_scale = scale.factor;
        }
        Ok(())
    }

    /// The column that a person means by a field's name or a header.
    fn find(&self, name: &str) -> Result<usize, ImportError> {
        let header = || self.headers.iter().position(|header| header.eq_ignore_ascii_case(name));
        let found = self.by_field.get(name).copied().or_else(header);
        found.ok_or_else(|| ImportError::Option(format!("{name:?} is neither a mapped field nor a column")))
    }

    /// What became of each column, from left to right.
    pub(super) fn uses(&self) -> Vec<ColumnUse> {
        let own = self.mapping.mapped().map(|mapped| (mapped.column, mapped.field.to_owned()));
        let custom = self.custom.iter().map(|mapped| (mapped.column, custom::name_of(&mapped.key)));
        let mut mapped: HashMap<usize, String> = own.chain(custom).collect();
        let use_of = |(column, header): (usize, &String)| ColumnUse {
            header: header.clone(),
            field: mapped.remove(&column),
        };
        self.headers.iter().enumerate().map(use_of).collect()
    }

    /// Whether any column feeds the field.
    pub(super) fn has(&self, field: &str) -> bool {
        self.by_field.contains_key(field)
    }

    /// The field's cell, trimmed, freed of an export's guard and corrected; `None` when it is blank or no column feeds the field.
    pub(super) fn text<'a>(&'a self, cells: &'a [String], field: &str) -> Option<&'a str> {
        self.cell(cells, *self.by_field.get(field)?)
    }

    /// The columns that feed custom fields.
    pub(super) fn custom(&self) -> &[CustomColumn] {
        &self.custom
    }

    /// A column's cell, trimmed, freed of an export's guard and corrected; `None` when it is blank.
    pub(super) fn cell<'a>(&'a self, cells: &'a [String], column: usize) -> Option<&'a str> {
        let mut cell = cells.get(column)?.trim();
        if self.is_guarded {
            cell = unguarded(cell);
        }
        let corrected = self.replacements.get(&column).and_then(|values| values.get(cell));
        Some(corrected.map_or(cell, String::as_str)).filter(|text| !text.is_empty())
    }

    /// The field's cell for a draft: a blank one says nothing.
    pub(super) fn patch(&self, cells: &[String], field: &str) -> Patch<String> {
        self.text(cells, field).map_or(Patch::Keep, |text| Patch::Set(text.to_owned()))
    }

    /// The field's cell as a whole number, freed of the marks between thousands (`1,200`).
    pub(super) fn number(&self, cells: &[String], field: &str) -> Patch<String> {
        self.text(cells, field).map_or(Patch::Keep, |text| Patch::Set(ungrouped(text)))
    }

    /// The values of the field's cell: Google's tables hold several between `:::` under headers such as `Phone 1 - Value`.
    pub(super) fn values<'a>(&'a self, cells: &'a [String], field: &str) -> Vec<&'a str> {
        let Some(text) = self.text(cells, field) else {
            return Vec::new();
        };
        let header = self.by_field.get(field).map_or("", |column| self.headers[*column].as_str());
        if !header.to_lowercase().ends_with("value") {
            return vec![text];
        }
        text.split(":::").map(str::trim).filter(|value| !value.is_empty()).collect()
    }

    /// The same of phones: before one, in a table that is not ours, a spreadsheet's mark that the cell is text (`'+49 30 1`) is no part of it.
    pub(super) fn phones<'a>(&'a self, cells: &'a [String], field: &str) -> Vec<&'a str> {
        let number = |value: &'a str| {
            value
                .strip_prefix('\'')
                .filter(|rest| rest.starts_with(|c: char| c == '+' || c == '(' || c.is_ascii_digit()))
        };
        let values = self.values(cells, field);
        if self.is_ours {
            return values;
        }
        values.into_iter().map(|value| number(value).unwrap_or(value)).collect()
    }

    /// Whether an export of ours wrote the table: its cells are what they say.
    pub(super) fn are_ours(&self) -> bool {
        self.is_ours
    }

    /// The currency of the amount in `amount`. A currency column stands for amounts: in a row without one it says nothing.
    pub(super) fn currency(&self, cells: &[String], amount: &str) -> Patch<String> {
        self.text(cells, amount).map_or(Patch::Keep, |_| self.patch(cells, "currency"))
    }

    /// A row of which only some fields' cells are known.
    pub(super) fn cells_with(&self, known: &[(&str, &str)]) -> Vec<String> {
        let mut cells = vec![String::new(); self.headers.len()];
        for (field, text) in known {
            if let Some(cell) = self.by_field.get(field).and_then(|column| cells.get_mut(*column)) {
                *cell = if self.is_guarded {
                    guarded(text).into_owned()
                } else {
                    (*text).to_owned()
                };
            }
        }
        cells
    }

    /// The header of the column that a domain field came from.
    pub(super) fn header_of(&self, field: &str) -> Option<&str> {
        let aliases = ALIASES.iter().find(|(name, _)| *name == field).map_or(&[][..], |(_, names)| *names);
        if let Some(custom) = self.custom.iter().find(|column| custom_field::name_of(&column.key) == field) {
            return self.headers.get(custom.column).map(String::as_str);
        }
        let names = std::iter::once(field).chain(aliases.iter().copied());
        let column = names.filter_map(|name| self.by_field.get(name)).next()?;
        self.headers.get(*column).map(String::as_str)
    }

    /// Why a row fails, in the words of its file.
    pub(super) fn failure(&self, (record, line): (u64, u64), cells: Vec<String>, error: &Error) -> RowFailure {
        let problems = match error {
            Error::Invalid(fields) => fields.clone(),
            Error::Duplicate { field, .. } => vec![FieldError {
                field: (*field).to_owned(),
                problem: Problem::Rule(error.to_string()),
            }],
            _ => Vec::new(),
        };
        let (columns, reason) = if problems.is_empty() {
            (Vec::new(), error.to_string())
        } else {
            self.describe(&problems)
        };
        RowFailure {
            record,
            line,
            column: columns.join(", "),
            reason,
            cells,
            raw: None,
        }
    }

    /// The columns at fault and what is wrong with them; two fields that one column feeds are told once.
    fn describe(&self, problems: &[FieldError]) -> (Vec<String>, String) {
        let (mut columns, mut reasons) = (Vec::new(), Vec::new());
        for FieldError { field, problem } in problems {
            let column = self.header_of(field).unwrap_or(field).to_owned();
            let reason = match problem {
                Problem::Rule(_) if problems.len() == 1 => problem.to_string(),
                _ => format!("{column}: {problem}"),
            };
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
        (columns, reasons.join("; "))
    }
}

/// A whole number without the marks between its thousands; any other text as it is.
fn ungrouped(text: &str) -> String {
    let is_mark = |c: char| matches!(c, ',' | '.' | '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}');
    let is_number = |group: &str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    let mut groups = text.split(is_mark);
    let first = groups.next().is_some_and(|first| is_number(first) && first.len() <= 3);
    let are_thousands = groups.all(|group| is_number(group) && group.len() == 3);
    if first && are_thousands {
        text.replace(is_mark, "")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::ungrouped;

    #[test]
    fn marks_between_thousands_are_no_part_of_a_number() {
        for (text, number) in [
            ("1,200", "1200"),
            ("1.200.000", "1200000"),
            ("12 000", "12000"),
            ("7", "7"),
            ("1200", "1200"),
        ] {
            assert_eq!(ungrouped(text), number);
        }
        for other in ["1,20", "1.5", "1,2000", "51-200", "a,200", ",200", "1,200-5,000", ""] {
            assert_eq!(ungrouped(other), other);
        }
    }
}
