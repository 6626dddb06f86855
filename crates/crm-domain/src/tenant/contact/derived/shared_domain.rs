//! Domains that tell nothing of a company, since anybody has an address there.

/// Whether mailboxes or pages of this host belong to people and firms of all kinds; `host` in lower case and without `www.`.
pub fn is_shared_domain(host: &str) -> bool {
    let is_of = |domain: &&str| {
        let front = host.strip_suffix(*domain);
        front.is_some_and(|front| front.is_empty() || front.ends_with('.'))
    };
    FREE_MAIL.binary_search(&host).is_ok() || PAGES.iter().any(is_of)
}

/// Providers of mailboxes for everybody, in order.
const FREE_MAIL: [&str; 98] = [
    "126.com",
    "139.com",
    "163.com",
    "aim.com",
    "alice.it",
    "aol.com",
    "arcor.de",
    "att.net",
    "bellsouth.net",
    "bigpond.com",
    "bk.ru",
    "bluewin.ch",
    "bol.com.br",
    "btinternet.com",
    "charter.net",
    "comcast.net",
    "cox.net",
    "daum.net",
    "duck.com",
    "earthlink.net",
    "email.cz",
    "email.de",
    "fastmail.com",
    "fastmail.fm",
    "foxmail.com",
    "free.fr",
    "freenet.de",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hanmail.net",
    "hey.com",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.de",
    "hotmail.es",
    "hotmail.fr",
    "hotmail.it",
    "hushmail.com",
    "icloud.com",
    "inbox.ru",
    "interia.pl",
    "juno.com",
    "laposte.net",
    "libero.it",
    "list.ru",
    "live.co.uk",
    "live.com",
    "live.de",
    "live.fr",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "naver.com",
    "neuf.fr",
    "o2.pl",
    "onet.pl",
    "online.de",
    "optonline.net",
    "orange.fr",
    "outlook.com",
    "outlook.de",
    "outlook.fr",
    "pm.me",
    "posteo.de",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rambler.ru",
    "rediffmail.com",
    "rocketmail.com",
    "sbcglobal.net",
    "seznam.cz",
    "sfr.fr",
    "sina.com",
    "sky.com",
    "t-online.de",
    "terra.com.br",
    "tutanota.com",
    "uol.com.br",
    "verizon.net",
    "virgilio.it",
    "wanadoo.fr",
    "web.de",
    "wp.pl",
    "ya.ru",
    "yahoo.co.jp",
    "yahoo.co.uk",
    "yahoo.com",
    "yandex.ru",
    "ymail.com",
    "zoho.com",
];

/// Sites on which companies have pages, subdomains included.
const PAGES: [&str; 12] = [
    "angel.co",
    "blogspot.com",
    "crunchbase.com",
    "facebook.com",
    "github.com",
    "github.io",
    "instagram.com",
    "linkedin.com",
    "linktr.ee",
    "wordpress.com",
    "x.com",
    "youtube.com",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order() {
        assert!(FREE_MAIL.is_sorted());
    }

    #[test]
    fn everybodys_domains_are_told_from_a_companys() {
        for shared in [
            "gmail.com",
            "zoho.com",
            "126.com",
            "linkedin.com",
            "de.linkedin.com",
            "acme.github.io",
        ] {
            assert!(is_shared_domain(shared), "{shared}");
        }
        for own in [
            "acme.com",
            "notgmail.com",
            "gmail.com.acme.com",
            "netflix.com",
            "mylinkedin.com",
            "",
        ] {
            assert!(!is_shared_domain(own), "{own}");
        }
    }
}
