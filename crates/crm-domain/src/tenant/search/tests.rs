use proptest::prelude::*;

use super::*;

fn query(text: &str) -> Query {
    Query::parse(text).unwrap()
}

/// A database of accounts, searched as the port promises.
struct Memory(Vec<&'static str>);

impl SearchReads for Memory {
    fn candidates(&mut self, kind: EntityKind, probe: &Probe, limit: u32) -> Result<Vec<Candidate>> {
        let fits = |text: &&&str| match probe {
            Probe::Prefix(key) => text.starts_with(key.as_str()),
            Probe::Parts(any) => any.iter().any(|parts| parts.iter().all(|part| text.contains(part.as_str()))),
        };
        let record = |(index, text): (usize, &&'static str)| Candidate {
            kind,
            id: index as i64,
            text: (*text).to_owned(),
            title: (*text).to_owned(),
            subtitle: None,
        };
        let met = self.0.iter().enumerate().filter(|(_, text)| fits(text));
        Ok(met.map(record).take(limit as usize).collect())
    }
}

fn found(texts: &[&'static str], asked: &str) -> Vec<String> {
    let hits = find(&mut Memory(texts.to_vec()), &query(asked), &[EntityKind::Account], 10).unwrap();
    assert!(hits.windows(2).all(|pair| pair[0].score >= pair[1].score));
    hits.into_iter().map(|hit| hit.record.title).collect()
}

#[test]
fn the_name_comes_first_then_words_then_pieces_then_slips() {
    let texts = [
        "acne studios",
        "placmed",
        "hotel berlin\nacme street",
        "the acme company",
        "acme corporation",
        "acme",
        "globex",
    ];
    assert_eq!(
        found(&texts, " ACME "),
        [
            "acme",
            "acme corporation",
            "the acme company",
            "hotel berlin\nacme street",
            "placmed",
            "acne studios",
        ]
    );
    assert_eq!(found(&texts, "acme company"), ["the acme company", "acme corporation"][..1]);
    assert_eq!(found(&texts, "company acme"), ["the acme company"]);
    assert_eq!(found(&texts, "ac"), ["acme", "acne studios", "acme corporation"]);
    assert_eq!(found(&texts, "nothing"), Vec::<String>::new());
}

#[test]
fn what_holds_no_word_asks_for_nothing() {
    assert_eq!(Query::parse(""), None);
    assert_eq!(Query::parse(" \t\n"), None);
}

#[test]
fn enough_of_the_better_ends_the_search() {
    struct Counting(usize);
    impl SearchReads for Counting {
        fn candidates(&mut self, kind: EntityKind, _: &Probe, _: u32) -> Result<Vec<Candidate>> {
            self.0 += 1;
            let (text, title) = ("acme".to_owned(), "Acme".to_owned());
            let subtitle = None;
            Ok(vec![Candidate {
                kind,
                id: 1,
                text,
                title,
                subtitle,
            }])
        }
    }
    let mut reads = Counting(0);
    assert_eq!(find(&mut reads, &query("acme"), &KINDS, KINDS.len()).unwrap().len(), KINDS.len());
    assert_eq!(reads.0, KINDS.len(), "one probe of each kind");
}

#[test]
fn an_address_is_not_guessed_at() {
    let texts = ["ada lovelace\nada@example.com", "eda lovelace\neda@example.com"];
    assert_eq!(found(&texts, "ada@example.com"), [texts[0]]);
    assert_eq!(found(&texts, "ade@example.com"), Vec::<String>::new());
}

proptest! {
    #[test]
    fn a_score_is_a_share(asked in "\\PC{1,30}", text in "[\\PC\n]{0,80}") {
        let Some(query) = Query::parse(&asked) else { return Ok(()) };
        if let Some(score) = query.score(&search_key(&text)) {
            prop_assert!(score > 0.0 && score <= 1.0, "{score}");
        }
    }

    #[test]
    fn a_name_is_worth_most_and_its_beginning_more_than_the_rest(name in "[a-z]{4,12}", more in "[a-z]{1,9}") {
        let query = query(&name);
        let exact = query.score(&name).unwrap();
        let prefix = query.score(&format!("{name}{more}")).unwrap();
        let word = query.score(&format!("0 {name}{more}")).unwrap();
        let elsewhere = query.score(&format!("0\n{name}{more}")).unwrap();
        let piece = query.score(&format!("0{name}{more}")).unwrap();
        prop_assert!(exact > prefix && prefix > word && word > elsewhere && elsewhere > piece);
    }

    #[test]
    fn probes_ask_for_nothing_too_short(asked in "\\PC{1,60}") {
        let Some(query) = Query::parse(&asked) else { return Ok(()) };
        for probe in query.probes() {
            if let Probe::Parts(any) = probe {
                prop_assert!(!any.is_empty() && any.iter().flatten().all(|part| length(part) >= TRIGRAM));
            }
        }
    }
}
