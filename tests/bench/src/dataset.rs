//! Made-up accounts, leads and opportunities, the same in every run.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

use anyhow::Result;
use serde_json::{Map, Value};

/// What `crm-server import accounts` maps by itself.
const HEADER: &str =
    "external_id,name,category,website,phone,email,address,city,state,zip_code,country,industry,employees,annual_revenue,description";

const FIRST: [&str; 16] = [
    "Northwind",
    "Riverside",
    "Summit",
    "Lakeview",
    "Evergreen",
    "Harbor",
    "Cedar",
    "Pioneer",
    "Meridian",
    "Bluestone",
    "Silverline",
    "Oakwood",
    "Granite",
    "Sunrise",
    "Beacon",
    "Prairie",
];
const SECOND: [&str; 8] = [
    "Health",
    "Medical",
    "Care",
    "Diagnostics",
    "Therapy",
    "Wellness",
    "Surgical",
    "Family",
];
const THIRD: [&str; 8] = [
    "Center",
    "Group",
    "Partners",
    "Clinic",
    "Associates",
    "Institute",
    "Network",
    "Systems",
];
const CITIES: [(&str, &str); 8] = [
    ("Boston", "MA"),
    ("Austin", "TX"),
    ("Denver", "CO"),
    ("Portland", "OR"),
    ("Columbus", "OH"),
    ("Raleigh", "NC"),
    ("Phoenix", "AZ"),
    ("Madison", "WI"),
];
const CATEGORIES: [&str; 4] = ["Hospital", "Clinic", "Laboratory", "Practice"];
const INDUSTRIES: [&str; 4] = ["Healthcare", "Biotechnology", "Insurance", "Research"];

/// Writes `rows` accounts as a table with a header.
pub fn write_accounts(path: &Path, rows: u64) -> Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(file, "{HEADER}")?;
    for number in 1..=rows {
        write_account(&mut file, number)?;
    }
    file.flush()?;
    Ok(())
}

/// The name of the account with this number.
pub fn account_name(number: u64) -> String {
    let mut dice = Dice(number);
    let (first, second, third) = (dice.pick(&FIRST), dice.pick(&SECOND), dice.pick(&THIRD));
    format!("{first} {second} {third} {number}")
}

fn write_account(file: &mut impl Write, number: u64) -> Result<()> {
    let mut dice = Dice(number);
    let (first, second, third) = (dice.pick(&FIRST), dice.pick(&SECOND), dice.pick(&THIRD));
    let (city, state) = dice.pick(&CITIES);
    let domain = format!("{}{}-{number}.example", first.to_lowercase(), second.to_lowercase());
    writeln!(
        file,
        "ext-{number},{first} {second} {third} {number},{},https://{domain},+1-555-{:07},info@{domain},{} Main St,{city},{state},{:05},USA,{},{},{},\
         {first} {second} serves {city} and its neighbourhood",
        dice.pick(&CATEGORIES),
        dice.below(10_000_000),
        1 + dice.below(9_999),
        dice.below(100_000),
        dice.pick(&INDUSTRIES),
        1 + dice.below(20_000),
        10_000 * (1 + dice.below(100_000)),
    )?;
    Ok(())
}

/// A lead's fields, as an import and family C call them.
const LEAD: [(&str, &str); 10] = [
    ("external_id", "externalId"),
    ("first_name", "firstName"),
    ("last_name", "lastName"),
    ("email", "email"),
    ("phone", "phone"),
    ("title", "title"),
    ("company", "company"),
    ("source", "source"),
    ("status", "status"),
    ("description", "description"),
];
const GIVEN: [&str; 16] = [
    "Ada",
    "Grace",
    "Alan",
    "Edsger",
    "Barbara",
    "Donald",
    "Margaret",
    "Dennis",
    "Frances",
    "Ken",
    "Radia",
    "John",
    "Katherine",
    "Niklaus",
    "Hedy",
    "Tony",
];
const FAMILY: [&str; 16] = [
    "Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov", "Knuth", "Hamilton", "Ritchie", "Allen", "Thompson", "Perlman", "Backus",
    "Johnson", "Wirth", "Lamarr", "Hoare",
];
const TITLES: [&str; 4] = ["Head of Purchasing", "Chief Physician", "Office Manager", "Director"];
const SOURCES: [&str; 5] = ["Website", "Referral", "Trade Show", "Cold Call", "Newsletter"];
const STATUSES: [&str; 4] = ["New", "Contacted", "Qualified", "Disqualified"];
const STAGES: [&str; 6] = [
    "Prospecting",
    "Qualification",
    "Proposal Sent",
    "Negotiation",
    "Closed Won",
    "Closed Lost",
];

/// The name of the lead with this number.
pub fn person_name(number: u64) -> String {
    let mut dice = Dice(number);
    format!("{} {}", dice.pick(&GIVEN), dice.pick(&FAMILY))
}

/// The email of the lead with this number.
pub fn lead_email(number: u64) -> String {
    format!("{}.{number}@leads.example", person_name(number).to_lowercase().replace(' ', "."))
}

fn lead(number: u64) -> [String; LEAD.len()] {
    let mut dice = Dice(number);
    let (given, family) = (dice.pick(&GIVEN), dice.pick(&FAMILY));
    let (first, second) = (dice.pick(&FIRST), dice.pick(&SECOND));
    [
        format!("lead-{number}"),
        given.to_owned(),
        family.to_owned(),
        lead_email(number),
        format!("+1-555-{:07}", dice.below(10_000_000)),
        dice.pick(&TITLES).to_owned(),
        format!("{first} {second} of {}", dice.pick(&CITIES).0),
        dice.pick(&SOURCES).to_owned(),
        dice.pick(&STATUSES).to_owned(),
        format!("{given} wants to know more about what we sell"),
    ]
}

/// A lead as family C is told of it.
pub fn lead_object(number: u64) -> Value {
    let members = LEAD
        .iter()
        .zip(lead(number))
        .map(|((_, name), value)| ((*name).to_owned(), value.into()));
    Value::Object(members.collect::<Map<_, _>>())
}

/// Writes `rows` leads as a table with a header.
pub fn write_leads(path: &Path, rows: u64) -> Result<()> {
    let header = LEAD.map(|(name, _)| name).join(",");
    write_rows(path, &header, rows, |number| lead(number).join(","))
}

/// Writes `rows` opportunities of the accounts with the same numbers as a table with a header.
pub fn write_deals(path: &Path, rows: u64) -> Result<()> {
    let header = "external_id,name,account,stage,amount,expected_close_date,lead_source,next_step";
    write_rows(path, header, rows, |number| {
        let mut dice = Dice(number);
        format!(
            "deal-{number},Equipment {number},{},{},{},{}-{:02}-{:02},{},call",
            account_name(number),
            dice.pick(&STAGES),
            1_000 + dice.below(1_000_000),
            2025 + dice.below(4),
            1 + dice.below(12),
            1 + dice.below(28),
            dice.pick(&SOURCES),
        )
    })
}

/// A contact's fields, as an import and family D call them: the 27 columns of its export (contract D-177), of which the last two follow from
/// the others.
const CONTACT: [(&str, &str); 25] = [
    ("Full Name", "fullName"),
    ("First Name", "firstName"),
    ("Last Name", "lastName"),
    ("Title", "title"),
    ("Company", "company"),
    ("Email", "email"),
    ("Mobile Phone", "mobilePhone"),
    ("Other Phone", "otherPhone"),
    ("Home Phone", "homePhone"),
    ("Corporate Phone", "corporatePhone"),
    ("Employees", "employees"),
    ("Employee Size Bracket", "employeeSizeBracket"),
    ("Industry", "industry"),
    ("Person LinkedIn", "personLinkedIn"),
    ("Website", "website"),
    ("Company LinkedIn", "companyLinkedIn"),
    ("City", "city"),
    ("State", "state"),
    ("Country", "country"),
    ("Company Address", "companyAddress"),
    ("Company City", "companyCity"),
    ("Company State", "companyState"),
    ("Company Country", "companyCountry"),
    ("Technologies", "technologies"),
    ("Annual Revenue", "annualRevenue"),
];
const COUNTRIES: [&str; 5] = ["United States", "Canada", "Germany", "France", "Japan"];
const BRACKETS: [(&str, u64, u64); 4] = [("1-10", 1, 10), ("11-50", 11, 50), ("51-200", 51, 200), ("201-500", 201, 500)];

fn contact(number: u64) -> [String; CONTACT.len()] {
    let mut dice = Dice(number);
    let (given, family) = (dice.pick(&GIVEN), dice.pick(&FAMILY));
    let (first, second) = (dice.pick(&FIRST), dice.pick(&SECOND));
    let ((city, state), (company_city, company_state)) = (dice.pick(&CITIES), dice.pick(&CITIES));
    let (bracket, least, most) = dice.pick(&BRACKETS);
    let domain = format!("{}{}-{}.example", first.to_lowercase(), second.to_lowercase(), number % 50_000);
    let mut phone = || format!("+1-555-{:07}", dice.below(10_000_000));
    let phones = [phone(), phone(), phone(), phone()];
    let [mobile, other, home, corporate] = phones;
    [
        format!("{given} {family}"),
        given.to_owned(),
        family.to_owned(),
        dice.pick(&TITLES).to_owned(),
        format!("{first} {second} {}", number % 50_000),
        format!("{}.{}.{number}@{domain}", given.to_lowercase(), family.to_lowercase()),
        mobile,
        other,
        home,
        corporate,
        (least + dice.below(most - least + 1)).to_string(),
        bracket.to_owned(),
        dice.pick(&INDUSTRIES).to_owned(),
        format!(
            "https://www.linkedin.com/in/{}-{}-{number}",
            given.to_lowercase(),
            family.to_lowercase()
        ),
        format!("https://{domain}"),
        format!("https://www.linkedin.com/company/{}-{}", first.to_lowercase(), number % 50_000),
        city.to_owned(),
        state.to_owned(),
        dice.pick(&COUNTRIES).to_owned(),
        format!("{} Main St", 1 + dice.below(9_999)),
        company_city.to_owned(),
        company_state.to_owned(),
        dice.pick(&COUNTRIES).to_owned(),
        "Salesforce; Slack".to_owned(),
        format!("${}M", 1 + dice.below(500)),
    ]
}

/// A contact as family D is told of it.
pub fn contact_object(number: u64) -> Value {
    let member = |((_, name), value): (&(&str, &str), String)| {
        let value = match *name {
            "employees" => value.parse::<u64>().map_or(Value::Null, Value::from),
            "technologies" => value.split("; ").map(Value::from).collect(),
            _ => value.into(),
        };
        ((*name).to_owned(), value)
    };
    Value::Object(CONTACT.iter().zip(contact(number)).map(member).collect())
}

/// Writes `rows` contacts as a table of the 27 columns of an export.
pub fn write_contacts(path: &Path, rows: u64) -> Result<()> {
    let header = format!("{},Lead Score,Created At", CONTACT.map(|(name, _)| name).join(","));
    write_rows(path, &header, rows, |number| {
        format!("{},7.5,2026-01-15T10:30:00Z", contact(number).join(","))
    })
}

fn write_rows(path: &Path, header: &str, rows: u64, row: impl Fn(u64) -> String) -> Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    writeln!(file, "{header}")?;
    for number in 1..=rows {
        writeln!(file, "{}", row(number))?;
    }
    file.flush()?;
    Ok(())
}

/// SplitMix64: numbers that look random and are the same every time.
pub struct Dice(u64);

impl Dice {
    /// Numbers that follow from this one.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_that_of_the_row() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("accounts.csv");
        write_accounts(&file, 20).unwrap();
        let text = std::fs::read_to_string(file).unwrap();
        for (number, line) in (1..).zip(text.lines().skip(1)) {
            assert_eq!(line.split(',').nth(1), Some(account_name(number).as_str()));
        }
    }

    #[test]
    fn every_run_writes_the_same_rows_of_as_many_cells_as_the_header() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two) = (folder.path().join("one.csv"), folder.path().join("two.csv"));
        write_accounts(&one, 100).unwrap();
        write_accounts(&two, 100).unwrap();
        let text = std::fs::read_to_string(one).unwrap();
        assert_eq!(text, std::fs::read_to_string(two).unwrap());
        assert_eq!(text.lines().count(), 101);
        assert!(text.lines().all(|line| line.split(',').count() == HEADER.split(',').count()));
    }
}
