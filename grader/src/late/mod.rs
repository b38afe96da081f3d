//! How late something was handed in, and what that costs by the rule of its rubric.
//! Points set by hand are never touched; without a known time nothing is taken off.

mod amounts;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::outcome::QuestionResult;
use amounts::words;
pub use amounts::{Length, Moment, Percent};

/// What lateness costs; the shares add up.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Up to so much after the deadline nothing is late.
    #[serde(default, skip_serializing_if = "Length::is_none")]
    pub grace: Length,
    /// Taken off for each day begun since the deadline.
    #[serde(default, skip_serializing_if = "Percent::is_none")]
    pub per_day: Percent,
    /// Taken off for each hour begun since the deadline.
    #[serde(default, skip_serializing_if = "Percent::is_none")]
    pub per_hour: Percent,
    /// Never more than this is taken off.
    #[serde(default = "Percent::all")]
    pub at_most: Percent,
    /// What comes later than so long after the deadline earns nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closes: Option<Length>,
    /// What the shares are of.
    #[serde(default)]
    pub of: Of,
    /// Where nothing else tells when something was handed in, the time of its file counts.
    #[serde(default)]
    pub file_times: bool,
}

/// What a share is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// Of the points that the submission earned.
    #[default]
    Earned,
    /// Of the points possible; never more than it earned.
    Possible,
}

/// A deadline and what missing it costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// The deadline.
    pub due: Moment,
    /// What lateness costs; nothing if there is no rule.
    pub late: Option<Policy>,
}

/// Who says when something was handed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Nobody.
    #[default]
    Unknown,
    /// The time of the file; downloading and copying may have changed it.
    File,
    /// The platform, in a file or name of its own.
    Platform,
}

/// When something was handed in, as far as that is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedIn {
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Moment>,
    /// Who says so.
    pub by: Source,
    /// The platform calls it late, and may not say by how much.
    #[serde(default)]
    pub called_late: bool,
}

impl HandedIn {
    /// This, or what was known of the same file before: a platform's word counts more than the time of a file, and
    /// of two times of a file the earlier, because copying only makes it later.
    #[must_use]
    pub fn or(self, before: Option<Self>) -> Self {
        let Some(before) = before else { return self };
        match (self.by, before.by) {
            (Source::Platform, _) => self,
            (_, Source::Platform) | (Source::Unknown, _) => before,
            (Source::File, Source::File) if before.at < self.at => before,
            _ => self,
        }
    }

    /// Whether it is news against what was known before.
    #[must_use]
    pub fn matters(self, before: Self, has_deadline: bool) -> bool {
        self != before && (has_deadline || self.by == Source::Platform)
    }
}

/// A deadline of one student's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Extension {
    /// A time, or a length after everybody's deadline.
    pub until: String,
    /// Who granted it.
    pub author: String,
    /// Why.
    pub reason: String,
}

impl Extension {
    /// The deadline, if `until` makes sense.
    #[must_use]
    pub fn moment(&self, due: Moment) -> Option<Moment> {
        Moment::read(&self.until).or_else(|| Length::read(&self.until).map(|l| due.after(l)))
    }
}

/// What is told of a submission to an exercise with a deadline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lateness {
    /// The deadline that held, the student's own if there is one.
    pub due: Moment,
    /// Everybody's deadline.
    pub everybodys: Moment,
    /// When it was handed in, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handed_in: Option<Moment>,
    /// Who says so.
    pub by: Source,
    /// Seconds after the deadline; 0 if in time, within the grace, or unknown.
    pub seconds: i64,
    /// Percent taken off.
    pub percent: f64,
    /// Of what.
    pub of: Of,
    /// Points taken off.
    pub points: f64,
    /// The platform calls it late without saying by how much.
    #[serde(default)]
    pub doubtful: bool,
    /// It came after the exercise had closed.
    #[serde(default)]
    pub closed: bool,
    /// The student's own deadline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<Extension>,
}

impl Lateness {
    /// What a rule makes of a submission.
    #[must_use]
    pub fn of(rule: &Rule, handed_in: HandedIn, extension: Option<Extension>) -> Self {
        let own = extension.as_ref().and_then(|e| e.moment(rule.due));
        let due = own.map_or(rule.due, |own| own.max(rule.due));
        let trusted = handed_in.by == Source::Platform || rule.late.is_some_and(|l| l.file_times);
        let at = handed_in.at.filter(|_| trusted);
        let over: i64 = at.map_or(0, |at| at.0.duration_since(due.0).as_secs()).max(0);
        let policy = rule.late.unwrap_or(Policy {
            grace: Length::default(),
            per_day: Percent::default(),
            per_hour: Percent::default(),
            at_most: Percent::all(),
            closes: None,
            of: Of::Earned,
            file_times: false,
        });
        let seconds = if over <= policy.grace.0.as_secs() { 0 } else { over };
        let closed = seconds > 0 && policy.closes.is_some_and(|l| seconds > l.0.as_secs());
        #[expect(clippy::cast_precision_loss, reason = "numbers of days and hours")]
        let begun = |unit: i64| (seconds.saturating_add(unit - 1) / unit) as f64;
        let share = policy.per_day.0 * begun(86_400) + policy.per_hour.0 * begun(3600);
        let percent = if closed { 100.0 } else { share.min(policy.at_most.0) };
        Self {
            due,
            everybodys: rule.due,
            handed_in: at,
            by: if at.is_some() { handed_in.by } else { Source::Unknown },
            seconds,
            percent,
            of: if closed { Of::Earned } else { policy.of },
            points: 0.0,
            doubtful: handed_in.called_late && at.is_none(),
            closed,
            extension,
        }
    }

    /// The points that it costs; those set by hand stand as they were set.
    #[must_use]
    pub fn taken(&self, questions: &[QuestionResult]) -> f64 {
        let own = || questions.iter().filter(|q| q.manual.is_none());
        self.off(own().map(|q| q.earned).sum(), own().map(|q| q.points).sum())
    }

    /// The points taken off from so many earned and possible.
    #[must_use]
    pub fn off(&self, earned: f64, possible: f64) -> f64 {
        let of = if self.of == Of::Earned { earned } else { possible };
        let off = (of * self.percent / 100.0).min(earned).max(0.0);
        (off * 1e6).round() / 1e6
    }

    /// In words, if there is anything to say.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        if self.doubtful {
            return Some("late by how much is not known, nothing taken off".to_owned());
        }
        let number = crate::report::points;
        let late = words(self.seconds);
        match (self.seconds > 0, self.closed, self.percent > 0.0) {
            (false, ..) => None,
            (_, true, _) => {
                Some(format!("{late} late, after it had closed: {} points off", number(self.points)))
            }
            (.., true) => Some(format!(
                "{late} late: {} % off{}, {} points",
                number(self.percent),
                if self.of == Of::Possible { " (of those possible)" } else { "" },
                number(self.points)
            )),
            _ => Some(format!("{late} late")),
        }
    }
}

#[cfg(test)]
mod tests;
