//! Which column of a table feeds which field of a record.

use super::matching::{candidates, closest, find};

/// In place of a field name in [`Mapping::apply_overrides`]: the column feeds nothing.
pub const UNMAP: &str = "-";

/// A field that a table can fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldSpec {
    /// The name by which the importer and its user call the field.
    pub name: &'static str,
    /// Other names that columns for this field have.
    pub synonyms: &'static [&'static str],
}

/// A column that feeds a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MappedColumn<'a> {
    /// The field.
    pub field: &'static str,
    /// The column, counted from 0.
    pub column: usize,
    /// The column's header.
    pub header: &'a str,
    /// How sure it is: 1.0 for an equal name or a person's choice, else the similarity, at least 0.92.
    pub confidence: f64,
}

/// Which column feeds which field: each at most one of the other.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapping {
    headers: Vec<String>,
    fields: Vec<&'static str>,
    /// By column: the field's index, and the confidence.
    columns: Vec<Option<(usize, f64)>>,
}

/// Overrides that make no sense; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    /// No column is called that.
    #[error("there is no column {header:?}{}", did_you_mean(.suggestion.as_deref()))]
    UnknownHeader {
        /// What was asked for.
        header: String,
        /// The header most like it, if any is.
        suggestion: Option<String>,
    },
    /// No field is called that.
    #[error("there is no field {field:?}{}", did_you_mean(.suggestion.as_deref()))]
    UnknownField {
        /// What was asked for.
        field: String,
        /// The field most like it, if any is.
        suggestion: Option<String>,
    },
    /// A column or field stands in two overrides.
    #[error("{name:?} is mapped twice")]
    Repeated {
        /// The column's header or the field's name.
        name: String,
    },
}

/// Proposes a mapping by the names alone.
///
/// Names are equal if they differ only in case, spaces, punctuation or camelCase (`E-Mail`, `eMail`). Equality with a
/// field's name goes before equality with a synonym, and that before similarity (Jaro-Winkler, at least 0.92; names with
/// different numbers are not similar, nor is a name to one that has further words or one with a word such as `code` or `id`, nor what is
/// another field's very name), where the most similar pair goes first. Ties go to the first field, then the first column. The fields named
/// in `exact` take no similar names.
#[must_use]
pub fn auto_map(headers: &[String], fields: &[FieldSpec], exact: &[&str]) -> Mapping {
    let mut mapping = Mapping {
        headers: headers.to_vec(),
        fields: fields.iter().map(|field| field.name).collect(),
        columns: vec![None; headers.len()],
    };
    let mut free = vec![true; fields.len()];
    for candidate in candidates(headers, fields, exact) {
        let column = &mut mapping.columns[candidate.column];
        if column.is_none() && free[candidate.field] {
            *column = Some((candidate.field, candidate.confidence));
            free[candidate.field] = false;
        }
    }
    mapping
}

impl Mapping {
    /// The column, counted from 0, that feeds `field`.
    #[must_use]
    pub fn column_of(&self, field: &str) -> Option<usize> {
        self.mapped().find(|mapped| mapped.field == field).map(|mapped| mapped.column)
    }

    /// Forgets the fields that are not among `only`: their columns feed nothing.
    pub fn restrict(&mut self, only: &[&str]) {
        let kept: Vec<Option<usize>> = self
            .fields
            .iter()
            .scan(0, |next, field| {
                let place = only.contains(field).then_some(*next);
                *next += usize::from(place.is_some());
                Some(place)
            })
            .collect();
        for target in &mut self.columns {
            *target = target.and_then(|(field, confidence)| Some((kept[field]?, confidence)));
        }
        self.fields.retain(|field| only.contains(field));
    }

    /// The columns that feed a field, from left to right.
    pub fn mapped(&self) -> impl Iterator<Item = MappedColumn<'_>> {
        self.columns.iter().enumerate().filter_map(|(column, target)| {
            let (field, confidence) = (*target)?;
            Some(MappedColumn {
                field: self.fields[field],
                column,
                header: &self.headers[column],
                confidence,
            })
        })
    }

    /// The column, counted from 0, that a person means by a header: by equality, else by the normalised equality of [`auto_map`].
    #[must_use]
    pub fn column_named(&self, header: &str) -> Option<usize> {
        find(&self.headers, header)
    }

    /// The columns that feed nothing, from left to right: (column counted from 0, header).
    pub fn unmapped(&self) -> impl Iterator<Item = (usize, &str)> {
        let columns = self.headers.iter().zip(&self.columns).enumerate();
        columns
            .filter(|(_, (_, target))| target.is_none())
            .map(|(column, (header, _))| (column, header.as_str()))
    }

    /// Maps columns as a person says: pairs of a header and a field, or [`UNMAP`] for no field.
    ///
    /// Headers and fields are found by equality, else by the normalised equality of [`auto_map`]. What an override
    /// takes a column or a field away from is left unmapped.
    ///
    /// # Errors
    ///
    /// [`MappingError`], and the mapping is as before.
    pub fn apply_overrides(&mut self, overrides: &[(String, String)]) -> Result<(), MappingError> {
        let chosen = overrides
            .iter()
            .map(|(header, field)| self.resolve(header, field))
            .collect::<Result<Vec<_>, _>>()?;
        self.check_repeated(&chosen)?;
        for target in &mut self.columns {
            // A field chosen for one column leaves the other that had it.
            target.take_if(|(field, _)| chosen.iter().any(|(_, wanted)| *wanted == Some(*field)));
        }
        for (column, field) in chosen {
            self.columns[column] = field.map(|field| (field, 1.0));
        }
        Ok(())
    }

    /// The column and the field that an override means.
    fn resolve(&self, header: &str, field: &str) -> Result<(usize, Option<usize>), MappingError> {
        let column = find(&self.headers, header).ok_or_else(|| MappingError::UnknownHeader {
            header: header.to_owned(),
            suggestion: closest(&self.headers, header),
        })?;
        if field == UNMAP {
            return Ok((column, None));
        }
        let field = find(&self.fields, field).ok_or_else(|| MappingError::UnknownField {
            field: field.to_owned(),
            suggestion: closest(&self.fields, field),
        })?;
        Ok((column, Some(field)))
    }

    fn check_repeated(&self, chosen: &[(usize, Option<usize>)]) -> Result<(), MappingError> {
        for (index, (column, field)) in chosen.iter().enumerate() {
            let before = &chosen[..index];
            if before.iter().any(|(other, _)| other == column) {
                return Err(MappingError::Repeated {
                    name: self.headers[*column].clone(),
                });
            }
            if let Some(field) = field.filter(|field| before.iter().any(|(_, other)| *other == Some(*field))) {
                return Err(MappingError::Repeated {
                    name: self.fields[field].to_owned(),
                });
            }
        }
        Ok(())
    }
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map(|name| format!(", did you mean {name:?}?")).unwrap_or_default()
}
