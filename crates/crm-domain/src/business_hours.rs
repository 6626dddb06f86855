//! Working time: how much of it lies between two moments, and when so much of it has passed.
//!
//! A day's working time is the real time between the moments when clocks of the time zone reach the opening and the closing time. On days
//! when clocks change it may be longer or shorter than on others, or nothing at all.

use std::time::Duration;

use jiff::civil::{Date, Weekday};
use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::{
    error::Problem,
    field::{Check, Patch},
    stamp::Stamp,
    time_zone::TimeZone,
};

/// Minutes of a day.
const DAY: u16 = 1_440;
/// Fewest minutes between opening and closing: less would make due times lie years ahead.
const OPEN_MIN: u16 = 60;

/// The days' names, Monday first.
const DAYS: [(Weekday, &str); 7] = [
    (Weekday::Monday, "Monday"),
    (Weekday::Tuesday, "Tuesday"),
    (Weekday::Wednesday, "Wednesday"),
    (Weekday::Thursday, "Thursday"),
    (Weekday::Friday, "Friday"),
    (Weekday::Saturday, "Saturday"),
    (Weekday::Sunday, "Sunday"),
];

/// The hours in which people work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusinessHours {
    time_zone: TimeZone,
    /// By [`DAYS`]; at least one.
    days: [bool; 7],
    /// Minutes after midnight.
    from: u16,
    /// Minutes after midnight, later than `from`; [`DAY`] is the end of the day.
    to: u16,
}

/// What a caller says of business hours, unparsed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BusinessHoursDraft {
    /// The name of an IANA time zone.
    pub time_zone: Patch<String>,
    /// Names of weekdays, or their first three letters, whatever their case.
    pub days: Vec<String>,
    /// The opening time, `HH:MM`.
    pub from: Patch<String>,
    /// The closing time, `HH:MM`; `24:00` is the end of the day.
    pub to: Patch<String>,
}

impl BusinessHours {
    /// Parses business hours; what is wrong is noted under `field`, a dot and the part's name.
    pub fn parse(draft: BusinessHoursDraft, field: &str, check: &mut Check) -> Option<Self> {
        let name = |part: &str| format!("{field}.{part}");
        let time_zone = check.required(&name("time_zone"), draft.time_zone, None, TimeZone::parse);
        let days = parse_days(&draft.days).map_err(|problem| check.fail(&name("days"), problem)).ok();
        let from = check.required(&name("from"), draft.from, None, parse_time);
        let to = check.required(&name("to"), draft.to, None, parse_time);
        let (time_zone, days, (from, to)) = (time_zone?, days?, from.zip(to)?);
        if to < from + OPEN_MIN {
            let problem = Problem::Rule(format!("must be at least {OPEN_MIN} minutes after the opening time"));
            check.fail(&name("to"), problem);
            return None;
        }
        Some(Self { time_zone, days, from, to })
    }

    /// The time zone.
    pub fn time_zone(&self) -> &TimeZone {
        &self.time_zone
    }

    /// The names of the working days, Monday first.
    pub fn days(&self) -> impl Iterator<Item = &'static str> {
        let named = DAYS.into_iter().zip(self.days);
        named.filter(|(_, is_open)| *is_open).map(|((_, name), _)| name)
    }

    /// The opening time, `HH:MM`.
    pub fn from(&self) -> String {
        show_time(self.from)
    }

    /// The closing time, `HH:MM`.
    pub fn to(&self) -> String {
        show_time(self.to)
    }

    /// The moment when `working` of working time has passed since `start`; `start` itself when it is nothing.
    pub fn after(&self, start: Stamp, working: Duration) -> Stamp {
        let mut left = working;
        if left.is_zero() {
            return start;
        }
        for (opens, closes) in self.openings(start) {
            let begins = opens.max(start);
            let available = closes.since(begins);
            if left <= available {
                return begins.plus(left);
            }
            left -= available;
        }
        // Beyond the calendar's end: later than everything.
        Stamp::from_micros(i64::MAX)
    }

    /// The working time between two moments; nothing when `end` is not later.
    pub fn between(&self, start: Stamp, end: Stamp) -> Duration {
        let openings = self.openings(start).take_while(|(opens, _)| *opens < end);
        openings.map(|(opens, closes)| closes.min(end).since(opens.max(start))).sum()
    }

    /// The openings, in order, from the one on `start`'s day.
    fn openings(&self, start: Stamp) -> impl Iterator<Item = (Stamp, Stamp)> {
        let first = self.time_zone.date_at(start);
        let days = std::iter::successors(Some(first), |day| day.tomorrow().ok());
        days.filter(|day| self.is_open_on(*day))
            .map(|day| (self.time_zone.moment(day, self.from), self.time_zone.moment(day, self.to)))
    }

    fn is_open_on(&self, day: Date) -> bool {
        self.days[usize::from(day.weekday().to_monday_zero_offset().unsigned_abs())]
    }
}

impl Serialize for BusinessHours {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("BusinessHours", 4)?;
        object.serialize_field("time_zone", &self.time_zone)?;
        object.serialize_field("days", &self.days().collect::<Vec<_>>())?;
        object.serialize_field("from", &self.from())?;
        object.serialize_field("to", &self.to())?;
        object.end()
    }
}

/// [`BusinessHours::after`]; without business hours all time is working time.
pub fn after(hours: Option<&BusinessHours>, start: Stamp, working: Duration) -> Stamp {
    match hours {
        Some(hours) => hours.after(start, working),
        None => start.plus(working),
    }
}

/// [`BusinessHours::between`]; without business hours all time is working time.
pub fn between(hours: Option<&BusinessHours>, start: Stamp, end: Stamp) -> Duration {
    match hours {
        Some(hours) => hours.between(start, end),
        None => end.since(start),
    }
}

fn parse_days(given: &[String]) -> Result<[bool; 7], Problem> {
    let mut days = [false; 7];
    for text in given {
        let wanted = text.trim().to_ascii_lowercase();
        let is_meant = |(_, name): &(Weekday, &str)| {
            let name = name.to_ascii_lowercase();
            name == wanted || name[..3] == *wanted
        };
        let Some(place) = DAYS.iter().position(is_meant) else {
            return Err(Problem::Choice {
                allowed: DAYS.map(|(_, name)| name.to_owned()).to_vec(),
            });
        };
        days[place] = true;
    }
    if days.contains(&true) { Ok(days) } else { Err(Problem::Required) }
}

fn parse_time(text: &str) -> Result<u16, Problem> {
    let problem = || Problem::Rule("must be a time of day in the form HH:MM".to_owned());
    let text = text.trim();
    let digits = |part: &str| (part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit())).then(|| part.parse::<u16>().ok());
    let (hours, minutes) = text.split_once(':').ok_or_else(problem)?;
    let (hours, minutes) = digits(hours).flatten().zip(digits(minutes).flatten()).ok_or_else(problem)?;
    let time = hours * 60 + minutes;
    if minutes < 60 && time <= DAY { Ok(time) } else { Err(problem()) }
}

fn show_time(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hours(time_zone: &str, days: &[&str], from: &str, to: &str) -> BusinessHours {
        parse(time_zone, days, from, to).unwrap()
    }

    fn parse(time_zone: &str, days: &[&str], from: &str, to: &str) -> crate::Result<BusinessHours> {
        let set = |text: &str| Patch::Set(text.to_owned());
        let draft = BusinessHoursDraft {
            time_zone: set(time_zone),
            days: days.iter().map(|day| (*day).to_owned()).collect(),
            from: set(from),
            to: set(to),
        };
        let mut check = Check::new();
        let parsed = BusinessHours::parse(draft, "hours", &mut check);
        check.finish_with(parsed)
    }

    fn stamp(text: &str) -> Stamp {
        Stamp::parse(text).unwrap()
    }

    fn minutes(count: u64) -> Duration {
        Duration::from_secs(count * 60)
    }

    const WEEK: [&str; 5] = ["Mon", "Tue", "Wed", "Thu", "Fri"];
    const ALL_DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

    #[test]
    fn work_goes_on_where_it_stopped_the_day_before() {
        let office = hours("UTC", &WEEK, "09:00", "17:00");
        // 2026-01-16 is a Friday.
        for (start, count, due) in [
            ("2026-01-16T10:00:00Z", 60, "2026-01-16T11:00:00Z"),
            ("2026-01-16T10:00:00Z", 0, "2026-01-16T10:00:00Z"),
            ("2026-01-16T16:30:00Z", 60, "2026-01-19T09:30:00Z"),
            ("2026-01-16T16:30:00Z", 30, "2026-01-16T17:00:00Z"),
            ("2026-01-17T12:00:00Z", 1, "2026-01-19T09:01:00Z"),
            ("2026-01-16T03:00:00Z", 480, "2026-01-16T17:00:00Z"),
            ("2026-01-16T03:00:00Z", 2_400, "2026-01-22T17:00:00Z"),
        ] {
            assert_eq!(office.after(stamp(start), minutes(count)), stamp(due), "{start} {count}");
        }
        let weekend = office.between(stamp("2026-01-16T17:00:00Z"), stamp("2026-01-19T09:00:00Z"));
        assert_eq!(weekend, Duration::ZERO);
        assert_eq!(
            office.between(stamp("2026-01-12T00:00:00Z"), stamp("2026-01-19T00:00:00Z")),
            minutes(2_400)
        );
        assert_eq!(
            office.between(stamp("2026-01-13T12:00:00Z"), stamp("2026-01-12T12:00:00Z")),
            Duration::ZERO
        );
    }

    #[test]
    fn days_are_those_of_the_time_zone() {
        // 2026-01-18 22:00 UTC is Monday morning in Auckland.
        let auckland = hours("Pacific/Auckland", &["Monday"], "09:00", "17:00");
        assert_eq!(
            auckland.after(stamp("2026-01-17T00:00:00Z"), minutes(120)),
            stamp("2026-01-18T22:00:00Z")
        );
    }

    #[test]
    fn a_day_on_which_clocks_change_is_as_long_as_it_is() {
        let berlin = hours("Europe/Berlin", &ALL_DAYS, "00:00", "24:00");
        let day = |from: &str, to: &str| berlin.between(stamp(from), stamp(to));
        assert_eq!(day("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"), minutes(23 * 60));
        assert_eq!(day("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"), minutes(25 * 60));
        // Open from 01:30 to 03:30, of which an hour is skipped in spring and comes twice in autumn.
        let night = hours("Europe/Berlin", &ALL_DAYS, "01:30", "03:30");
        let length = |day: &str| night.between(stamp(&format!("{day}T00:00:00Z")), stamp(&format!("{day}T12:00:00Z")));
        assert_eq!(length("2026-03-29"), minutes(60));
        // The first half of it lies before midnight UTC.
        let autumn = night.between(stamp("2026-10-24T12:00:00Z"), stamp("2026-10-25T12:00:00Z"));
        assert_eq!(autumn, minutes(180));
        // Open only while clocks skip: that day it never opens.
        let skipped = hours("Europe/Berlin", &ALL_DAYS, "02:00", "03:00");
        assert_eq!(
            skipped.between(stamp("2026-03-29T00:00:00Z"), stamp("2026-03-29T23:00:00Z")),
            Duration::ZERO
        );
        assert_eq!(
            skipped.after(stamp("2026-03-29T00:00:00Z"), minutes(1)),
            stamp("2026-03-30T00:01:00Z")
        );
    }

    #[test]
    fn what_is_wrong_is_told_at_once_and_by_its_part() {
        let fields = |result: crate::Result<BusinessHours>| match result {
            Err(crate::Error::Invalid(errors)) => errors.into_iter().map(|error| error.field).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        let all = fields(parse("Mars/Olympus", &["Blursday"], "9", "25:00"));
        assert_eq!(all, ["hours.days", "hours.from", "hours.time_zone", "hours.to"]);
        for (from, to) in [("09:00", "09:59"), ("17:00", "09:00"), ("24:00", "24:00")] {
            assert_eq!(fields(parse("UTC", &WEEK, from, to)), ["hours.to"], "{from} {to}");
        }
        assert_eq!(fields(parse("UTC", &[], "09:00", "17:00")), ["hours.days"]);
        for time in ["9:00", "09:0", "0900", "09:60", "24:01", "+9:00", "", "09:00:00"] {
            assert_eq!(fields(parse("UTC", &WEEK, time, "24:00")), ["hours.from"], "{time}");
        }
    }

    #[test]
    fn hours_show_as_they_are_kept() {
        let shown = hours("europe/paris", &["sunday", "MON", "mon"], "08:05", "24:00");
        let expected = serde_json::json!({"time_zone": "Europe/Paris", "days": ["Monday", "Sunday"], "from": "08:05", "to": "24:00"});
        assert_eq!(serde_json::to_value(&shown).unwrap(), expected);
    }

    #[test]
    fn the_end_of_the_calendar_is_no_panic() {
        let office = hours("UTC", &WEEK, "09:00", "17:00");
        let last = stamp("9999-12-30T00:00:00Z");
        assert!(office.after(last, minutes(1_000_000)) > last);
        assert!(office.after(Stamp::from_micros(i64::MAX), minutes(1)) >= last);
        assert!(office.between(Stamp::from_micros(i64::MAX), Stamp::from_micros(i64::MAX)).is_zero());
    }

    /// Zones whose clocks change by an hour, by half of one, at midnight, and never.
    const ZONES: [&str; 6] = [
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Africa/Cairo",
        "Asia/Kathmandu",
        "UTC",
    ];

    prop_compose! {
        fn any_hours()(
            zone in prop::sample::select(&ZONES[..]),
            days in prop::sample::subsequence(&ALL_DAYS[..], 1..=7),
            (from, to) in (0..=DAY - OPEN_MIN).prop_flat_map(|from| (Just(from), from + OPEN_MIN..=DAY)),
        ) -> BusinessHours {
            hours(zone, &days, &show_time(from), &show_time(to))
        }
    }

    prop_compose! {
        /// From 2024 to 2028, to the microsecond.
        fn any_stamp()(micros in 1_704_067_200_000_000_i64..1_830_297_600_000_000) -> Stamp {
            Stamp::from_micros(micros)
        }
    }

    /// Whether clocks show working time: judged minute by minute, without [`TimeZone::moment`].
    fn is_open(hours: &BusinessHours, at: Stamp) -> bool {
        let zone = jiff::tz::TimeZone::get(hours.time_zone.name()).unwrap();
        let shown = zone.to_datetime(jiff::Timestamp::from_microsecond(at.micros()).unwrap());
        let minute = u16::try_from(shown.hour()).unwrap() * 60 + u16::try_from(shown.minute()).unwrap();
        let name = DAYS.iter().find(|(day, _)| *day == shown.weekday()).unwrap().1;
        hours.days().any(|day| day == name) && (hours.from..hours.to).contains(&minute)
    }

    proptest! {
        #[test]
        fn the_due_moment_is_the_first_by_which_the_work_is_done(hours in any_hours(), start in any_stamp(), count in 1_u64..20_000) {
            let due = hours.after(start, minutes(count));
            prop_assert_eq!(hours.between(start, due), minutes(count));
            prop_assert!(hours.between(start, Stamp::from_micros(due.micros() - 1)) < minutes(count));
        }

        #[test]
        fn parts_add_up(hours in any_hours(), start in any_stamp(), first in 0_u64..30_000, second in 0_u64..30_000) {
            let middle = start.plus(minutes(first));
            let end = middle.plus(minutes(second));
            prop_assert_eq!(hours.between(start, middle) + hours.between(middle, end), hours.between(start, end));
            prop_assert!(hours.between(start, end) <= end.since(start));
            let worked = minutes(first) + minutes(second);
            prop_assert_eq!(hours.after(hours.after(start, minutes(first)), minutes(second)), hours.after(start, worked));
        }

        /// But on days when clocks turn back across opening or closing time, where a time of day comes twice.
        #[test]
        fn it_agrees_with_the_clock_on_the_wall(hours in any_hours(), start in any_stamp(), count in 1_i64..2_000) {
            let start = Stamp::from_micros(start.micros() - start.micros().rem_euclid(60_000_000));
            let at = |minute: i64| Stamp::from_micros(start.micros() + minute * 60_000_000);
            let zone = jiff::tz::TimeZone::get(hours.time_zone.name()).unwrap();
            let offset = |stamp: Stamp| zone.to_offset(jiff::Timestamp::from_microsecond(stamp.micros()).unwrap());
            let turns_back = (-1_440..=count + 1_440).step_by(30).any(|minute| offset(at(minute)) > offset(at(minute + 30)));
            prop_assume!(!turns_back);
            let open = (0..count).filter(|minute| is_open(&hours, at(*minute))).count();
            prop_assert_eq!(hours.between(start, at(count)), minutes(u64::try_from(open).unwrap()));
        }
    }
}
