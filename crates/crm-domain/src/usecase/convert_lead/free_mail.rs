//! Mail domains where anybody can have an address: they say nothing of whom somebody works for.

/// Providers that have one name in many countries, as `yahoo.co.jp`.
const WORLDWIDE: [&str; 11] = [
    "aol",
    "gmx",
    "googlemail",
    "hotmail",
    "live",
    "msn",
    "outlook",
    "rocketmail",
    "yahoo",
    "yandex",
    "ymail",
];

/// Single domains, sorted.
const DOMAINS: [&str; 84] = [
    "126.com",
    "163.com",
    "alice.it",
    "arcor.de",
    "att.net",
    "bellsouth.net",
    "bigpond.com",
    "bk.ru",
    "blueyonder.co.uk",
    "bol.com.br",
    "btinternet.com",
    "charter.net",
    "chello.nl",
    "comcast.net",
    "cox.net",
    "daum.net",
    "duck.com",
    "earthlink.net",
    "email.com",
    "email.cz",
    "fastmail.com",
    "fastmail.fm",
    "free.fr",
    "freemail.hu",
    "freenet.de",
    "gmail.com",
    "hanmail.net",
    "home.nl",
    "hushmail.com",
    "icloud.com",
    "inbox.com",
    "inbox.ru",
    "interia.pl",
    "juno.com",
    "kpnmail.nl",
    "laposte.net",
    "libero.it",
    "list.ru",
    "mac.com",
    "mail.com",
    "mail.de",
    "mail.ru",
    "mailbox.org",
    "me.com",
    "naver.com",
    "neuf.fr",
    "ntlworld.com",
    "o2.pl",
    "onet.pl",
    "op.pl",
    "optonline.net",
    "orange.fr",
    "passport.com",
    "planet.nl",
    "pm.me",
    "posteo.de",
    "proton.me",
    "protonmail.ch",
    "protonmail.com",
    "qq.com",
    "rambler.ru",
    "rediffmail.com",
    "rogers.com",
    "sbcglobal.net",
    "seznam.cz",
    "sfr.fr",
    "shaw.ca",
    "sina.com",
    "sky.com",
    "sohu.com",
    "t-online.de",
    "talktalk.net",
    "telenet.be",
    "telus.net",
    "terra.com.br",
    "tiscali.it",
    "tuta.io",
    "tutanota.com",
    "uol.com.br",
    "verizon.net",
    "virgilio.it",
    "wanadoo.fr",
    "web.de",
    "wp.pl",
];

/// Whether anybody can have an address at this domain, given in lower case.
pub(crate) fn is_free_mail(domain: &str) -> bool {
    let (name, country) = domain.split_once('.').unwrap_or((domain, ""));
    // `live.example.com` is somebody's own: a country has at most two labels, the second of two letters.
    let is_country = country.split('.').count() == 1 || country.rsplit('.').next().is_some_and(|last| last.len() == 2);
    DOMAINS.binary_search(&domain).is_ok() || (WORLDWIDE.binary_search(&name).is_ok() && is_country)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_sorted() {
        assert!(DOMAINS.is_sorted() && WORLDWIDE.is_sorted());
    }

    #[test]
    fn everybodys_domains_are_known_and_ones_own_are_not() {
        for free in [
            "gmail.com",
            "web.de",
            "yahoo.com",
            "yahoo.co.uk",
            "hotmail.fr",
            "outlook.com.br",
            "gmx.net",
            "proton.me",
        ] {
            assert!(is_free_mail(free), "{free}");
        }
        for own in [
            "example.com",
            "gmail.example.com",
            "live.example.com",
            "myyahoo.com",
            "mail.acme.de",
            "localhost",
            "",
        ] {
            assert!(!is_free_mail(own), "{own}");
        }
    }
}
