//! Tests of deadlines: what is read, what lateness costs, what leaves it alone.
//! All times are written out; nothing depends on the clock.

use proptest::prelude::*;

use super::amounts::percent;
use super::*;
use jiff::SignedDuration;

fn rule(late: &str) -> Rule {
    serde_yaml::from_str(&format!("due: 2026-11-20T23:59+01:00\nlate: {late}")).unwrap()
}

fn by_platform(at: &str) -> HandedIn {
    HandedIn { at: Moment::read(at), by: Source::Platform, called_late: false }
}

#[track_caller]
fn off(late: &str, at: &str, expected: f64) {
    let lateness = Lateness::of(&rule(late), by_platform(at), None);
    assert!((lateness.percent - expected).abs() < 1e-9, "{late}, {at}: {lateness:?}");
}

#[test]
fn times_are_read_as_platforms_write_them() {
    let all = [
        "2026-11-20T23:59+01:00",
        "2026-11-20T22:59:00Z",
        "2026-11-20 22:59:00 UTC",
        "2026-11-20 22:59:00.000000 UTC",
        "2026-11-20 23:59:00 +0100",
        "2026-11-20 22:59:00.000000000 Z",
        " 2026-11-20 23:59+01:00\n",
        "2026-11-20T23:59:00+01:00[Europe/Zurich]",
    ];
    for text in all {
        assert_eq!(
            Moment::read(text).map(Moment::to_minute).as_deref(),
            Some("2026-11-20 22:59 UTC"),
            "{text}"
        );
    }
    for text in [
        "",
        "2026-11-20",
        "2026-11-20T23:59",
        "2026-11-20 23:59 CET",
        "20 November 2026",
        "2026-13-01T00:00Z",
    ] {
        assert_eq!(Moment::read(text), None, "{text}");
    }
    let naive = Moment::read_utc("2026-11-20 22:59:00.5").unwrap();
    assert_eq!(naive.to_database(), "2026-11-20 22:59:00.500000");
    assert_eq!(Length::read("1 day 30min").unwrap().to_string(), "1 day");
    assert_eq!(Length::read("-5min"), None);
}

#[test]
fn each_day_and_hour_begun_costs_its_share() {
    let days = "{grace: 15min, per_day: 10%, at_most: 50%, closes: 8 days}";
    off(days, "2026-11-20T23:58+01:00", 0.0);
    off(days, "2026-11-21T00:14+01:00", 0.0);
    off(days, "2026-11-21T00:15+01:00", 10.0);
    off(days, "2026-11-21T23:59+01:00", 10.0);
    off(days, "2026-11-22T00:00+01:00", 20.0);
    off(days, "2026-11-27T00:00+01:00", 50.0);
    off(days, "2026-11-29T00:00+01:00", 100.0);
    off("{per_hour: 2.5}", "2026-11-21T02:00+01:00", 7.5);
    off("{per_hour: 1%, per_day: 10%}", "2026-11-21T01:00+01:00", 12.0);
    off("{}", "2026-12-21T01:00+01:00", 0.0);
    let rule = Rule { late: None, ..rule("{}") };
    let late = Lateness::of(&rule, by_platform("2026-11-22T02:59+01:00"), None);
    assert_eq!(late.words().as_deref(), Some("1 day 3 h late"));
}

#[test]
fn what_is_not_known_costs_nothing() {
    let days = rule("{per_day: 10%}");
    let file = HandedIn { by: Source::File, ..by_platform("2026-11-23T00:00Z") };
    let late = Lateness::of(&days, file, None);
    assert_eq!((late.percent, late.handed_in, late.words()), (0.0, None, None));
    assert_eq!(Lateness::of(&rule("{per_day: 10%, file_times: true}"), file, None).percent, 30.0);
    let called = HandedIn { called_late: true, ..HandedIn::default() };
    let late = Lateness::of(&days, called, None);
    assert!(late.percent == 0.0 && late.words().unwrap().contains("not known"), "{late:?}");
}

#[test]
fn an_extension_moves_the_deadline_of_one_student_and_never_forward() {
    let days = rule("{per_day: 10%}");
    let with = |until: &str| {
        let own = Extension { until: until.into(), author: "Dr. Lee".into(), reason: "ill".into() };
        Lateness::of(&days, by_platform("2026-11-23T00:00+01:00"), Some(own)).percent
    };
    assert_eq!(with("3 days"), 0.0);
    assert_eq!(with("2 days"), 10.0);
    assert_eq!(with("2026-11-23T12:00+01:00"), 0.0);
    assert_eq!(with("2026-11-01T12:00+01:00"), 30.0);
    assert_eq!(with("nonsense"), 30.0);
}

#[test]
fn shares_are_of_points_earned_or_possible() {
    let at = by_platform("2026-11-21T12:00+01:00");
    let earned = Lateness::of(&rule("{per_day: 50%}"), at, None);
    assert_eq!((earned.off(3.0, 10.0), earned.off(0.0, 10.0)), (1.5, 0.0));
    let possible = Lateness::of(&rule("{per_day: 50%, of: possible}"), at, None);
    assert_eq!((possible.off(8.0, 10.0), possible.off(3.0, 10.0)), (5.0, 3.0));
}

#[test]
fn slips_are_told_and_rules_survive_a_round_trip() {
    let wrong = |text: &str| serde_yaml::from_str::<Rule>(text).unwrap_err().to_string();
    assert!(wrong("due: 2026-11-20T23:59").contains("no time with a zone"));
    assert!(wrong("due: 2026-11-20T23:59Z\nlate: {per_day: 120%}").contains("no share"));
    assert!(wrong("due: 2026-11-20T23:59Z\nlate: {grace: soon}").contains("no length"));
    assert!(wrong("due: 2026-11-20T23:59Z\nlate: {par_day: 1%}").contains("par_day"));
    let whole =
        rule("{grace: 90min, per_day: 10%, per_hour: 0.5, at_most: 40%, closes: 5 days, of: possible}");
    let text = serde_json::to_string(&whole).unwrap();
    assert_eq!(serde_json::from_str::<Rule>(&text).unwrap(), whole, "{text}");
}

proptest! {
    #[test]
    fn no_text_breaks_the_readers_and_no_rule_takes_more_than_was_earned(
        text in any::<String>(), seconds in 0_i64..100_000_000, share in 0.0..100.0_f64, earned in 0.0..50.0_f64,
    ) {
        let _ = (Moment::read_utc(&text), Length::read(&text), percent(&text));
        let due = rule("{}").due;
        let at = Moment(due.0 + SignedDuration::from_secs(seconds));
        let late = rule(&format!("{{per_day: {share}%, of: possible}}"));
        let lateness = Lateness::of(&late, HandedIn { at: Some(at), by: Source::Platform, called_late: false }, None);
        let taken = lateness.off(earned, 50.0);
        prop_assert!((0.0..=earned + 1e-6).contains(&taken));
    }
}
