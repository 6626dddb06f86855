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
        // Of people's phones the first takes what there is, and the next the next.
        let is_phone = |name: &str| name.ends_with("phone") && fields.iter().any(|field| field.name == "home_phone");
        let fields = fields.iter().filter(|field| !is_phone(field.name));
        let names = fields.flat_map(|field| field.synonyms.iter().chain([&field.name]));
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

/// Headers of a program's table, each with the field that it feeds; `-` for none.
fn assert_maps(program: &str, table: &[(&str, &str)]) {
    assert_maps_only(program, None, table);
}

/// The same where only some fields can be fed.
fn assert_maps_only(program: &str, only: Option<&[&str]>, table: &[(&str, &str)]) {
    let line: Vec<String> = table.iter().map(|(header, _)| (*header).to_owned()).collect();
    let mapping = ImportKind::Contacts.map(&line, only);
    let mapped: Vec<(&str, &str)> = line
        .iter()
        .enumerate()
        .map(|(column, header)| {
            let found = mapping.mapped().find(|mapped| mapped.column == column);
            (header.as_str(), found.map_or("-", |mapped| mapped.field))
        })
        .collect();
    assert_eq!(mapped, table, "{program}");
}

#[test]
fn contacts_of_other_programs_map_by_themselves() {
    assert_maps(
        "Apollo",
        &[
            ("First Name", "first_name"),
            ("Last Name", "last_name"),
            ("Title", "title"),
            ("Company", "company"),
            ("Company Name for Emails", "-"),
            ("Email", "email"),
            ("Email Status", "-"),
            ("Seniority", "-"),
            ("Departments", "-"),
            ("Contact Owner", "owner"),
            ("Work Direct Phone", "-"),
            ("Home Phone", "home_phone"),
            ("Mobile Phone", "phone"),
            ("Corporate Phone", "corporate_phone"),
            ("Other Phone", "other_phone"),
            ("Stage", "-"),
            ("Lists", "-"),
            ("Last Contacted", "-"),
            ("Account Owner", "-"),
            ("# Employees", "employees"),
            ("Industry", "industry"),
            ("Keywords", "-"),
            ("Person Linkedin Url", "person_linkedin"),
            ("Website", "website"),
            ("Company Linkedin Url", "company_linkedin"),
            ("Facebook Url", "-"),
            ("Twitter Url", "-"),
            ("City", "city"),
            ("State", "state"),
            ("Country", "country"),
            ("Company Address", "company_address"),
            ("Company City", "company_city"),
            ("Company State", "company_state"),
            ("Company Country", "company_country"),
            ("SEO Description", "-"),
            ("Technologies", "technologies"),
            ("Annual Revenue", "annual_revenue"),
            ("Total Funding", "-"),
        ],
    );
    assert_maps(
        "HubSpot",
        &[
            ("Record ID", "external_id"),
            ("First Name", "first_name"),
            ("Last Name", "last_name"),
            ("Email", "email"),
            ("Phone Number", "other_phone"),
            ("Mobile Phone Number", "phone"),
            ("Contact owner", "owner"),
            ("Lead Status", "-"),
            ("Create Date", "-"),
            ("Job Title", "title"),
            ("Company Name", "company"),
            ("Website URL", "website"),
            ("City", "city"),
            ("State/Region", "state"),
            ("Country/Region", "country"),
            ("Postal Code", "-"),
            ("Industry", "industry"),
            ("Number of Employees", "employees"),
            ("Annual Revenue", "annual_revenue"),
            ("LinkedIn URL", "person_linkedin"),
        ],
    );
    assert_maps(
        "Salesforce, a report",
        &[
            ("Contact ID", "external_id"),
            ("Salutation", "-"),
            ("First Name", "first_name"),
            ("Last Name", "last_name"),
            ("Title", "title"),
            ("Account Name", "account"),
            ("Mailing Street", "-"),
            ("Mailing City", "city"),
            ("Mailing State/Province", "state"),
            ("Mailing Zip/Postal Code", "-"),
            ("Mailing Country", "country"),
            ("Phone", "corporate_phone"),
            ("Fax", "-"),
            ("Mobile", "phone"),
            ("Home Phone", "home_phone"),
            ("Other Phone", "other_phone"),
            ("Email", "email"),
        ],
    );
    assert_maps(
        "Salesforce, the API's names",
        &[
            ("Id", "external_id"),
            ("AccountId", "account_external_id"),
            ("LastName", "last_name"),
            ("FirstName", "first_name"),
            ("MailingCity", "city"),
            ("MailingState", "state"),
            ("MailingCountry", "country"),
            ("MobilePhone", "phone"),
            ("HomePhone", "home_phone"),
            ("OtherPhone", "other_phone"),
            ("Email", "email"),
            ("Title", "title"),
        ],
    );
    assert_maps(
        "Pipedrive",
        &[
            ("Person - ID", "external_id"),
            ("Person - Name", "full_name"),
            ("Person - First name", "first_name"),
            ("Person - Last name", "last_name"),
            ("Person - Organization", "company"),
            ("Person - Email - Work", "email"),
            ("Person - Phone - Work", "corporate_phone"),
            ("Person - Phone - Home", "home_phone"),
            ("Person - Phone - Mobile", "phone"),
            ("Person - Phone - Other", "other_phone"),
            ("Person - Job title", "title"),
            ("Person - Owner", "owner"),
        ],
    );
    assert_maps(
        "LinkedIn Sales Navigator",
        &[
            ("Full Name", "full_name"),
            ("First Name", "first_name"),
            ("Last Name", "last_name"),
            ("Job Title", "title"),
            ("Company Name", "company"),
            ("LinkedIn Profile URL", "person_linkedin"),
            ("Company LinkedIn URL", "company_linkedin"),
            ("Company Website", "website"),
            ("Company Industry", "industry"),
            ("Company Size", "employee_size_bracket"),
            ("Connected On", "-"),
        ],
    );
    assert_maps(
        "Google Contacts",
        &[
            ("First Name", "first_name"),
            ("Middle Name", "-"),
            ("Last Name", "last_name"),
            ("Name Prefix", "-"),
            ("Nickname", "-"),
            ("Organization Name", "company"),
            ("Organization Title", "title"),
            ("Organization Department", "-"),
            ("Birthday", "-"),
            ("Notes", "description"),
            ("Labels", "-"),
            ("E-mail 1 - Label", "-"),
            ("E-mail 1 - Value", "email"),
            ("Phone 1 - Label", "-"),
            ("Phone 1 - Value", "phone"),
            ("Phone 2 - Label", "-"),
            ("Phone 2 - Value", "other_phone"),
            ("Address 1 - City", "city"),
            ("Address 1 - Region", "state"),
            ("Address 1 - Postal Code", "-"),
            ("Address 1 - Country", "country"),
            ("Website 1 - Value", "website"),
        ],
    );
    assert_maps(
        "Outlook",
        &[
            ("Title", "-"),
            ("First Name", "first_name"),
            ("Middle Name", "-"),
            ("Last Name", "last_name"),
            ("Suffix", "-"),
            ("Company", "company"),
            ("Department", "-"),
            ("Job Title", "title"),
            ("Business Street", "company_address"),
            ("Business City", "company_city"),
            ("Business State", "company_state"),
            ("Business Postal Code", "-"),
            ("Business Country/Region", "company_country"),
            ("Home City", "city"),
            ("Home State", "state"),
            ("Home Country/Region", "country"),
            ("Business Fax", "-"),
            ("Business Phone", "corporate_phone"),
            ("Home Phone", "home_phone"),
            ("Mobile Phone", "phone"),
            ("Other Phone", "other_phone"),
            ("E-mail Address", "email"),
            ("Notes", "description"),
            ("Web Page", "website"),
        ],
    );
}

#[test]
fn a_contacts_table_of_the_documents_maps_by_itself() {
    assert_maps(
        "the import's example",
        &[
            ("Name", "full_name"),
            ("Email Address", "email"),
            ("Company Name", "company"),
            ("Custom Field 1", "-"),
        ],
    );
}

/// Some of what families may offer.
const OFFERED: &[&str] = &[
    "contact_uuid",
    "full_name",
    "first_name",
    "last_name",
    "email",
    "title",
    "company",
    "phone",
    "other_phone",
    "corporate_phone",
    "employees",
    "industry",
    "website",
    "city",
    "state",
    "country",
];

#[test]
fn who_offers_no_accounts_takes_their_names_for_companies() {
    for header in ["Account Name", "Company / Account", "Account"] {
        assert_maps_only(header, Some(OFFERED), &[("Last Name", "last_name"), (header, "company")]);
    }
    assert_maps_only(
        "both",
        Some(OFFERED),
        &[("Name", "full_name"), ("Company", "company"), ("Account Name", "-")],
    );
    assert_maps(
        "leads of Salesforce",
        &[("Last Name", "last_name"), ("Company / Account", "company")],
    );
}

#[test]
fn ids_and_other_things_go_nowhere() {
    assert_maps_only(
        "ids",
        Some(OFFERED),
        &[
            ("Id", "-"),
            ("Organization Id", "-"),
            ("Company Id", "-"),
            ("Account ID", "-"),
            ("CompanyID", "-"),
            ("Contact Id", "-"),
            ("Last Name", "last_name"),
        ],
    );
    assert_maps_only(
        "addresses",
        Some(OFFERED),
        &[
            ("Name", "full_name"),
            ("Email", "email"),
            ("Mailing Street", "-"),
            ("Home Street", "-"),
            ("Country Code", "-"),
            ("Mailing Country Code", "-"),
            ("Email Status", "-"),
        ],
    );
    assert_maps(
        "a code beside its name",
        &[("Name", "full_name"), ("Country Code", "-"), ("Country", "country")],
    );
}

#[test]
fn the_names_of_organizations_are_nobodys() {
    let organizations = "Index,Organization Id,Name,Website,Country,Description,Founded,Industry,Number of employees,UpdatedAt";
    for line in [organizations, "Name,Founded,Country", "Name,Company Id", "name,employees,website"] {
        let refused = resolve(ImportKind::Contacts, line, &ImportOptions::default()).err();
        assert!(matches!(refused, Some(ImportError::NoNameColumn { .. })), "{line}");
        // Who says so has his way.
        let said = ImportOptions {
            mapping: vec![("name".to_owned(), "full_name".to_owned())],
            ..ImportOptions::default()
        };
        assert!(resolve(ImportKind::Contacts, line, &said).unwrap().has("full_name"), "{line}");
    }
    for line in [
        "Name",
        "Name,Country",
        "Name,Email,Employees",
        "Name,Company,Employees",
        "Full Name,Employees",
    ] {
        assert!(
            resolve(ImportKind::Contacts, line, &ImportOptions::default())
                .unwrap()
                .has("full_name"),
            "{line}"
        );
    }
}

#[test]
fn a_mobile_phone_is_one_wherever_it_stands() {
    for (table, expected) in [
        ("Name,Phone,Mobile", ["-", "other_phone", "phone"]),
        ("Name,Mobile Phone Number,Phone Number", ["-", "phone", "other_phone"]),
        ("Name,Telephone,Cell Phone", ["-", "other_phone", "phone"]),
        ("Name,Phone 1,Phone 2", ["-", "phone", "other_phone"]),
    ] {
        let mapping = ImportKind::Contacts.map(&headers(table), Some(OFFERED));
        let mapped: Vec<&str> = (1..3)
            .map(|column| {
                mapping
                    .mapped()
                    .find(|mapped| mapped.column == column)
                    .map_or("-", |mapped| mapped.field)
            })
            .collect();
        assert_eq!(mapped, expected[1..], "{table}");
    }
}

#[test]
fn the_id_in_our_own_download_is_the_contacts() {
    let download =
        "Full Name,First Name,Last Name,Title,Company,Email,Id,Email Domain,Updated At,Tags,Description,External Id,Account,Owner";
    let of_download = mapped(ImportKind::Contacts, download);
    assert!(of_download.contains(&"Id→contact_uuid".to_owned()), "{of_download:?}");
    assert!(of_download.contains(&"External Id→external_id".to_owned()), "{of_download:?}");
    assert_eq!(mapped(ImportKind::Contacts, "Id,Email"), ["Id→external_id", "Email→email"]);
}
