//! What `import` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use crm_domain::{
    table::{Delimiter, Encoding, TableOptions},
    usecase::import::{ImportKind, ImportOptions, Replacement, Scale, parse_pair},
};

/// What to import and how.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// What the rows are; opportunities without external ids are known by name, account and day
    pub(super) kind: Kind,
    /// The file (CSV, also with semicolons or tabs; UTF-8, UTF-16 or Windows-1252); - for standard input
    pub(super) file: PathBuf,
    /// Which field a column feeds: --map "Header=field", - for none; may be repeated
    #[arg(long = "map", value_name = "HEADER=FIELD", value_parser = pair)]
    mapping: Vec<(String, String)>,
    /// In which units a column's figures are: --scale annual_revenue=1000000 for millions
    #[arg(long = "scale", value_name = "FIELD=FACTOR", value_parser = scale)]
    scales: Vec<Scale>,
    /// Corrects a value: --replace "industry:technolgy=technology"; may be repeated
    #[arg(long = "replace", value_name = "FIELD:FROM=TO", value_parser = replacement)]
    replacements: Vec<Replacement>,
    /// Report what would happen and write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Who owns rows that name no owner, by email, name or id; the tenant's first Admin when missing
    #[arg(long, value_name = "USER")]
    default_owner: Option<String>,
    /// Make the accounts that opportunities name and that do not exist
    #[arg(long)]
    create_accounts: bool,
    /// What separates the cells: , ; | or tab; told from the file when missing
    #[arg(long, value_parser = delimiter)]
    delimiter: Option<Delimiter>,
    /// How characters are written; told from the file when missing
    #[arg(long)]
    encoding: Option<EncodingName>,
    /// Where rows that failed go; FILE.errors.csv next to the input when missing
    #[arg(long, value_name = "FILE")]
    pub(super) errors: Option<PathBuf>,
    /// Exit with 1 when a row failed
    #[arg(long)]
    pub(super) strict: bool,
    /// Most rows of one transaction; fewer where they take long
    #[arg(long, default_value_t = ImportOptions::default().slice_rows)]
    slice_rows: usize,
    /// The tenant's id or name; may be left out while there is only one
    #[arg(long)]
    pub(super) tenant: Option<String>,
}

impl ImportArgs {
    /// What the import needs of them.
    pub(super) fn options(&self) -> ImportOptions {
        ImportOptions {
            table: TableOptions {
                delimiter: self.delimiter,
                encoding: self.encoding.map(Encoding::from),
            },
            mapping: self.mapping.clone(),
            scales: self.scales.clone(),
            replacements: self.replacements.clone(),
            default_owner: self.default_owner.clone(),
            create_accounts: self.create_accounts,
            dry_run: self.dry_run,
            slice_rows: self.slice_rows,
            ..ImportOptions::default()
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Kind {
    Accounts,
    Opportunities,
    Contacts,
    Leads,
    Users,
}

impl From<Kind> for ImportKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Accounts => Self::Accounts,
            Kind::Opportunities => Self::Opportunities,
            Kind::Contacts => Self::Contacts,
            Kind::Leads => Self::Leads,
            Kind::Users => Self::Users,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum EncodingName {
    #[value(name = "utf-8")]
    Utf8,
    #[value(name = "utf-16le")]
    Utf16Le,
    #[value(name = "utf-16be")]
    Utf16Be,
    #[value(name = "windows-1252")]
    Windows1252,
}

impl From<EncodingName> for Encoding {
    fn from(name: EncodingName) -> Self {
        match name {
            EncodingName::Utf8 => Self::Utf8,
            EncodingName::Utf16Le => Self::Utf16Le,
            EncodingName::Utf16Be => Self::Utf16Be,
            EncodingName::Windows1252 => Self::Windows1252,
        }
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    parse_pair(text).ok_or_else(|| "must be HEADER=FIELD".to_owned())
}

fn scale(text: &str) -> Result<Scale, String> {
    Scale::parse(text).ok_or_else(|| "must be FIELD=FACTOR, e.g. annual_revenue=1000000".to_owned())
}

fn replacement(text: &str) -> Result<Replacement, String> {
    Replacement::parse(text).ok_or_else(|| "must be FIELD:FROM=TO".to_owned())
}

fn delimiter(text: &str) -> Result<Delimiter, String> {
    let character = match text {
        "tab" | "\\t" => '\t',
        other => other.chars().next().filter(|_| other.chars().count() == 1).unwrap_or('\0'),
    };
    Delimiter::from_char(character).ok_or_else(|| "must be one of: , ; | tab".to_owned())
}
