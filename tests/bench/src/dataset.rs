//! Made-up accounts, the same in every run.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::Path,
};

use anyhow::Result;

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

/// SplitMix64: numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
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
