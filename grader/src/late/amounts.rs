//! Instants, lengths of time and shares as people write them in a rubric, each with its schema.
//! Nothing here reads the clock.

use std::str::FromStr;

use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text::counted;

/// An instant with its zone, as `2026-11-20T23:59+01:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub(super) Timestamp);

impl Moment {
    /// Reads an instant as people and platforms write it: RFC 3339, also with a space before time or zone, and with `UTC`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let (time, zone) = match text.rsplit_once(' ') {
            Some((time, "UTC" | "GMT" | "Z")) => (time, "Z"),
            Some((time, zone)) if zone.starts_with(['+', '-']) => (time, zone),
            _ => (text, ""),
        };
        Timestamp::from_str(&format!("{}{zone}", time.trim())).ok().map(Self)
    }

    /// The same, where a time without a zone is in UTC.
    #[must_use]
    pub fn read_utc(text: &str) -> Option<Self> {
        Self::read(text).or_else(|| Self::read(&format!("{} Z", text.trim())))
    }

    /// When a file was changed last, by its system.
    #[must_use]
    pub fn of_file(time: std::time::SystemTime) -> Option<Self> {
        Timestamp::try_from(time).ok().map(Self)
    }

    /// A time on the clock of this machine, as archives have it.
    #[must_use]
    pub fn of_clock(date: (i16, i8, i8), time: (i8, i8, i8)) -> Option<Self> {
        let day = jiff::civil::Date::new(date.0, date.1, date.2).ok()?;
        let clock = jiff::civil::Time::new(time.0, time.1, time.2.min(59), 0).ok()?;
        let zoned = day.to_datetime(clock).to_zoned(jiff::tz::TimeZone::system()).ok()?;
        Some(Self(zoned.timestamp()))
    }

    /// To the minute and in UTC, for people.
    #[must_use]
    pub fn to_minute(self) -> String {
        self.0.strftime("%Y-%m-%d %H:%M UTC").to_string()
    }

    /// In UTC, as databases have it.
    #[must_use]
    pub fn to_database(self) -> String {
        self.0.strftime("%Y-%m-%d %H:%M:%S.%6f").to_string()
    }

    /// How much later this is than another.
    #[must_use]
    pub fn seconds_after(self, other: Self) -> i64 {
        self.0.duration_since(other.0).as_secs()
    }

    pub(super) fn after(self, length: Length) -> Self {
        Self(self.0.checked_add(length.0).unwrap_or(Timestamp::MAX))
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A length of time, as `15min`, `2h 30m` or `5 days`; a day is 24 hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Length(pub(super) SignedDuration);

impl Length {
    /// Reads a length.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let span = Span::from_str(text.trim()).ok()?;
        let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
        (!length.is_negative()).then_some(Self(length))
    }

    pub(super) fn is_none(&self) -> bool {
        self.0.is_zero()
    }
}

impl std::fmt::Display for Length {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&words(self.0.as_secs()))
    }
}

/// A share, as `10%`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Percent(pub(super) f64);

impl Percent {
    pub(super) fn is_none(&self) -> bool {
        self.0 == 0.0
    }

    pub(super) fn all() -> Self {
        Self(100.0)
    }
}

/// What these types have in common: text in files, with a schema of its own.
macro_rules! text {
    ($kind:ty, $name:literal, $read:expr, $write:expr, $wrong:literal, $schema:tt) => {
        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&$write(self))
            }
        }
        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = Text::deserialize(from)?.0;
                $read(&text).ok_or_else(|| D::Error::custom(format!($wrong, text)))
            }
        }
        impl JsonSchema for $kind {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

text!(Moment, "Moment", Moment::read, Moment::to_string,
    "`{}` is no time with a zone; write it as 2026-11-20T23:59+01:00",
    {"type": "string", "description": "A time with its zone, as 2026-11-20T23:59+01:00"});
text!(Length, "Length", Length::read, |l: &Length| format!("{:#}", l.0),
    "`{}` is no length of time; write it as 15min, 2h or 5 days",
    {"type": "string", "description": "A length of time, as 15min, 2h or 5 days"});
text!(Percent, "Percent", percent, |p: &Percent| format!("{}%", p.0),
    "`{}` is no share from 0% to 100%",
    {"type": ["string", "number"], "description": "A share from 0% to 100%"});

/// Text, or a number as text.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Text;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text")
            }
            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.to_owned()))
            }
            fn visit_f64<E>(self, x: f64) -> Result<Text, E> {
                Ok(Text(x.to_string()))
            }
            fn visit_u64<E>(self, x: u64) -> Result<Text, E> {
                Ok(Text(x.to_string()))
            }
            fn visit_i64<E>(self, x: i64) -> Result<Text, E> {
                Ok(Text(x.to_string()))
            }
        }
        from.deserialize_any(Visitor)
    }
}

pub(super) fn percent(text: &str) -> Option<Percent> {
    let number = text.trim().trim_end_matches('%').trim().parse::<f64>().ok()?;
    (0.0..=100.0).contains(&number).then_some(Percent(number))
}

/// A length of time by its two largest units.
pub(super) fn words(seconds: i64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds % 86_400 / 3600, seconds % 3600 / 60);
    match (days, hours, minutes) {
        (0, 0, 0) => counted(seconds, "second"),
        (0, 0, m) => format!("{m} min"),
        (0, h, 0) => format!("{h} h"),
        (0, h, m) => format!("{h} h {m} min"),
        (d, 0, _) => counted(d, "day"),
        (d, h, _) => format!("{} {h} h", counted(d, "day")),
    }
}
