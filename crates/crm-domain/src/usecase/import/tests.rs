//! Header tables and options. What an import does to a database is tested in `crm-server`, on a real one.

use super::{
    ImportError, ImportKind, ImportOptions, Replacement, Scale,
    columns::Columns,
    headers::{ACCOUNT, CONTACT, LEAD, OPPORTUNITY, USER},
    parse_pair,
};

fn headers(line: &str) -> Vec<String> {
    line.split(',').map(str::to_owned).collect()
}

fn resolve(kind: ImportKind, line: &str, options: &ImportOptions) -> Result<Columns, ImportError> {
    Columns::resolve(&headers(line), kind, options, &[])
}

/// `header→field` of each mapped column.
fn mapped(kind: ImportKind, line: &str) -> Vec<String> {
    let columns = resolve(kind, line, &ImportOptions::default()).unwrap();
    let uses = columns.uses();
    uses.into_iter()
        .filter_map(|column| Some(format!("{}→{}", column.header, column.field?)))
        .collect()
}

#[test]
fn a_sales_data_set_maps_by_itself() {
    assert_eq!(
        mapped(
            ImportKind::Accounts,
            "account,sector,year_established,revenue,employees,office_location,subsidiary_of"
        ),
        [
            "account→name",
            "sector→industry",
            "year_established→founded_year",
            "revenue→annual_revenue",
            "employees→employees",
            "office_location→country",
            "subsidiary_of→parent"
        ]
    );
    assert_eq!(
        mapped(
            ImportKind::Opportunities,
            "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value"
        ),
        [
            "opportunity_id→external_id",
            "sales_agent→owner",
            "product→product",
            "account→account",
            "deal_stage→stage",
            "engage_date→engaged_on",
            "close_date→close_date",
            "close_value→amount"
        ]
    );
    assert_eq!(
        mapped(ImportKind::Users, "sales_agent,manager,regional_office"),
        ["sales_agent→name", "manager→manager", "regional_office→office"]
    );
}

#[test]
fn address_lists_map_by_themselves() {
    let customers = "Index,Customer Id,First Name,Last Name,Company,City,Country,Phone 1,Phone 2,Email,Subscription Date,Website";
    assert_eq!(
        mapped(ImportKind::Contacts, customers),
        [
            "Customer Id→external_id",
            "First Name→first_name",
            "Last Name→last_name",
            "Company→company",
            "City→city",
            "Country→country",
            "Phone 1→phone",
            "Phone 2→other_phone",
            "Email→email",
            "Website→website"
        ]
    );
    let organizations = "Index,Organization Id,Name,Website,Country,Description,Founded,Industry,Number of employees,UpdatedAt";
    assert_eq!(
        mapped(ImportKind::Accounts, organizations),
        [
            "Organization Id→external_id",
            "Name→name",
            "Website→website",
            "Country→country",
            "Description→description",
            "Founded→founded_year",
            "Industry→industry",
            "Number of employees→employees"
        ]
    );
    let leads = "Account Id,Lead Owner,First Name,Last Name,Company,Phone 1,Phone 2,Email 1,Source,Deal Stage,Notes";
    assert_eq!(
        mapped(ImportKind::Leads, leads),
        [
            "Account Id→external_id",
            "Lead Owner→owner",
            "First Name→first_name",
            "Last Name→last_name",
            "Company→company",
            "Phone 1→phone",
            "Email 1→email",
            "Source→source",
            "Deal Stage→status",
            "Notes→description"
        ]
    );
}

#[test]
fn a_column_of_names_is_no_external_id() {
    for (kind, line, expected) in [
        (ImportKind::Accounts, "Company,Name,City", "Name→name City→city"),
        (ImportKind::Accounts, "Name,Account", "Name→name"),
        (ImportKind::Accounts, "Organization,Name", "Name→name"),
        (ImportKind::Accounts, "Customer,Name", "Name→name"),
        (ImportKind::Contacts, "Contact,Name,Email", "Contact→full_name Email→email"),
        (ImportKind::Leads, "Lead,Name", "Lead→full_name"),
        (ImportKind::Opportunities, "Deal,Name,Account", "Name→name Account→account"),
        (ImportKind::Opportunities, "Opportunity,Name,Account", "Name→name Account→account"),
    ] {
        let mapped = mapped(kind, line).join(" ");
        assert_eq!(mapped, expected, "{line}");
    }
}

#[test]
fn no_synonym_stands_for_two_fields_of_a_noun() {
    for fields in [ACCOUNT, CONTACT, LEAD, OPPORTUNITY, USER] {
        let names = fields.iter().flat_map(|field| field.synonyms.iter().chain([&field.name]));
        let mut normal: Vec<String> = names.map(|name| name.replace([' ', '_'], "")).collect();
        let count = normal.len();
        normal.sort_unstable();
        normal.dedup();
        assert_eq!(normal.len(), count);
    }
}

#[test]
fn a_file_without_names_is_refused_with_its_columns() {
    let error = resolve(ImportKind::Accounts, "sector,revenue", &ImportOptions::default())
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "no column of the file holds the accounts' names (one of: name); its columns are: sector, revenue"
    );
}

#[test]
fn overrides_and_corrections_apply() {
    let options = ImportOptions {
        mapping: vec![("sector".to_owned(), "category".to_owned()), ("revenue".to_owned(), "-".to_owned())],
        replacements: vec![Replacement::parse("sector: technolgy = technology").unwrap()],
        ..ImportOptions::default()
    };
    let columns = resolve(ImportKind::Accounts, "account,sector,revenue", &options).unwrap();
    let cells = ["Acme", " technolgy ", "5"].map(str::to_owned);
    assert_eq!(columns.text(&cells, "category"), Some("technology"));
    assert_eq!(columns.text(&cells, "annual_revenue"), None);
    let unmapped = columns.uses().into_iter().filter(|column| column.field.is_none()).count();
    assert_eq!(unmapped, 1);
}

#[test]
fn only_revenue_can_be_scaled() {
    let with = |scale: &str| ImportOptions {
        scales: vec![Scale::parse(scale).unwrap()],
        ..ImportOptions::default()
    };
    let by_header = resolve(ImportKind::Accounts, "account,revenue", &with("revenue=1_000_000")).unwrap();
    assert_eq!(by_header.revenue_scale, 1_000_000);
    for wrong in ["account=10", "turnover=10"] {
        assert!(
            matches!(
                resolve(ImportKind::Accounts, "account,revenue", &with(wrong)),
                Err(ImportError::Option(_))
            ),
            "{wrong}"
        );
    }
}

#[test]
fn options_are_parsed_strictly() {
    assert_eq!(parse_pair("a=b=c"), Some(("a=b".to_owned(), "c".to_owned())));
    assert_eq!((parse_pair("a"), parse_pair("=b"), parse_pair("a=")), (None, None, None));
    assert_eq!((Scale::parse("a=0"), Scale::parse("a=x"), Scale::parse("a=-1")), (None, None, None));
    assert_eq!(
        (Replacement::parse("a=b"), Replacement::parse(":a=b"), Replacement::parse("a:=b")),
        (None, None, None)
    );
    assert_eq!(Replacement::parse("a:b=").unwrap().to, "");
}
