//! Tags of languages (BCP 47), by their form: there is no register in the program.

use crate::{error::Problem, field::Text};

/// Reads the tag of a language such as `en`, `pt-BR` or `zh-Hant-TW`; its case is kept.
///
/// # Errors
/// [`Problem::Rule`] for what has not the form of a tag, and those of a text of at most 35 characters.
pub fn parse_tag(text: &str) -> Result<Text<35>, Problem> {
    let tag = Text::<35>::parse(text)?;
    if is_tag(&tag) {
        Ok(tag)
    } else {
        Err(Problem::Rule("must be the tag of a language such as en or pt-BR".to_owned()))
    }
}

/// language [-extlang]* [-script] [-region] [-variant]* [-extension]* [-x-private], or x-private alone.
fn is_tag(tag: &str) -> bool {
    let mut subtags = tag.split('-').peekable();
    let Some(language) = subtags.next() else { return false };
    if language.eq_ignore_ascii_case("x") {
        return is_private(subtags);
    }
    if !is_letters(language, 2..=8) {
        return false;
    }
    if language.len() <= 3 {
        for _ in 0..3 {
            subtags.next_if(|subtag| is_letters(subtag, 3..=3));
        }
    }
    subtags.next_if(|subtag| is_letters(subtag, 4..=4));
    subtags.next_if(|subtag| is_letters(subtag, 2..=2) || subtag.len() == 3 && subtag.bytes().all(|byte| byte.is_ascii_digit()));
    while subtags.next_if(|subtag| is_variant(subtag)).is_some() {}
    // Each extension begins with a single character and holds something.
    while let Some(singleton) = subtags.next() {
        if singleton.eq_ignore_ascii_case("x") {
            return is_private(subtags);
        }
        if !is_word(singleton, 1..=1) || subtags.next_if(|subtag| is_word(subtag, 2..=8)).is_none() {
            return false;
        }
        while subtags.next_if(|subtag| is_word(subtag, 2..=8)).is_some() {}
    }
    true
}

fn is_private<'a>(subtags: impl Iterator<Item = &'a str>) -> bool {
    let mut subtags = subtags.peekable();
    subtags.peek().is_some() && subtags.all(|subtag| is_word(subtag, 1..=8))
}

fn is_variant(subtag: &str) -> bool {
    is_word(subtag, 5..=8) || is_word(subtag, 4..=4) && subtag.starts_with(|first: char| first.is_ascii_digit())
}

fn is_letters(subtag: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_word(subtag: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_told_by_their_form() {
        for tag in [
            "en",
            "pt-BR",
            "PT-br",
            "zh-Hant-TW",
            "es-419",
            "sl-rozaj-biske",
            "de-CH-1996",
            "zh-cmn-Hans-CN",
            "en-US-u-ca-gregory",
            "x-own",
            "de-x-phonebk",
            "tlh",
        ] {
            assert_eq!(&*parse_tag(tag).unwrap(), tag);
        }
        for other in [
            "e",
            "e_n",
            "english language",
            "en-",
            "-en",
            "en--US",
            "en-US-DE",
            "en-u",
            "x",
            "x-",
            "de-DE-x",
            "12",
            "abcdefghi",
            "en-ü",
        ] {
            assert!(matches!(parse_tag(other), Err(Problem::Rule(_))), "{other}");
        }
        assert_eq!(parse_tag(" "), Err(Problem::Required));
        assert_eq!(
            parse_tag(&format!("en-x{}", "-abcdefgh".repeat(9))),
            Err(Problem::TooLong { max: 35 })
        );
    }
}
