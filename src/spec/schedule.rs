//! When a job is due: a five-field cron expression in Shanghai time. What has run is not known here.

use chrono::{DateTime, Utc};
use croner::parser::{CronParser, Seconds, Year};
use croner::{Cron, CronComponent};
use pitlake_contract::spelling::instant::SHANGHAI;

/// A valid cron expression.
#[derive(Debug, Clone)]
pub struct Schedule {
    text: String,
    cron: Cron,
}

/// The values of each field; `None` if it allows all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields {
    /// 0 to 59.
    pub minutes: Option<Vec<u16>>,
    /// 0 to 23.
    pub hours: Option<Vec<u16>>,
    /// 1 to 31.
    pub days: Option<Vec<u16>>,
    /// 1 to 12.
    pub months: Option<Vec<u16>>,
    /// 0 to 6, starting with Sunday.
    pub weekdays: Option<Vec<u16>>,
}

/// The fields of an expression, and their allowed values.
const FIELDS: [(&str, &str); 5] = [
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day", "1 to 31"),
    ("month", "1 to 12, or Jan to Dec"),
    ("weekday", "0 to 7 (0 and 7 are Sunday), or Sun to Sat"),
];

impl Schedule {
    /// Parses an expression of minute, hour, day, month and weekday. As in cron, if both day and weekday are given,
    /// either may match.
    ///
    /// # Errors
    /// The invalid field, and its allowed values.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        if fields.len() != 5 {
            return Err("expected five fields".to_owned());
        }
        let text = fields.join(" ");
        match parsed(&text) {
            Some(cron) => Ok(Self { text, cron }),
            None => Err(refused(&fields)),
        }
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The first time after `at`.
    #[must_use]
    pub fn after(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let next = self.cron.find_next_occurrence(&at.with_timezone(&SHANGHAI), false).ok()?;
        Some(next.to_utc())
    }

    /// The last time at or before `at`.
    #[must_use]
    pub fn until(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let last = self.cron.find_previous_occurrence(&at.with_timezone(&SHANGHAI), true).ok()?;
        Some(last.to_utc())
    }

    /// Whether it runs on weekdays only, Monday to Friday, which stands for trading days.
    #[must_use]
    pub fn is_of_weekdays(&self) -> bool {
        let fields = self.fields();
        fields.is_some_and(|fields| fields.days.is_none() && fields.weekdays.as_deref() == Some(&[1, 2, 3, 4, 5]))
    }

    /// Its fields, to be converted for other schedulers; `None` if one uses `L`, `W` or `#`.
    #[must_use]
    pub fn fields(&self) -> Option<Fields> {
        let pattern = &self.cron.pattern;
        let parts = [&pattern.minutes, &pattern.hours, &pattern.days, &pattern.months, &pattern.days_of_week];
        if parts.iter().any(|part| part.has_modifiers()) {
            return None;
        }
        let some = |values: Vec<u16>, all: usize| Some(values).filter(|values| values.len() < all);
        let [minutes, hours, days, months, weekdays] = parts.map(CronComponent::values);
        let (minutes, hours) = (some(minutes, 60), some(hours, 24));
        let (days, months, weekdays) = (some(days, 31), some(months, 12), some(weekdays, 7));
        Some(Fields { minutes, hours, days, months, weekdays })
    }
}

fn parsed(text: &str) -> Option<Cron> {
    CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build().parse(text).ok()
}

/// Finds the invalid field of an expression and describes its allowed values.
fn refused(fields: &[&str]) -> String {
    let alone = |place: usize| {
        let field = fields.get(place).copied().unwrap_or_default();
        let mut alone = ["*"; 5];
        alone[place] = field;
        parsed(&alone.join(" ")).is_none().then_some(field)
    };
    let invalid = FIELDS
        .iter()
        .enumerate()
        .find_map(|(place, (name, expected))| Some(format!("{name} `{}`: expected {expected}", alone(place)?)));
    invalid.unwrap_or_else(|| "its fields contradict each other".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().to_utc()
    }

    #[test]
    fn times_are_those_of_shanghai() {
        let schedule = Schedule::parse("30 20 * * 1-5").unwrap();
        // Friday evening, then Monday.
        let friday = at("2024-06-28T20:30:00+08:00");
        assert_eq!(schedule.after(at("2024-06-28T12:29:59Z")), Some(friday));
        assert_eq!(schedule.after(friday), Some(at("2024-07-01T20:30:00+08:00")));
        assert_eq!(schedule.until(friday), Some(friday));
        assert_eq!(schedule.until(at("2024-06-30T23:00:00+08:00")), Some(friday));
        assert_eq!(schedule.until(at("2024-06-28T20:29:00+08:00")), Some(at("2024-06-27T20:30:00+08:00")));
        // Early morning in Shanghai is still the previous day in UTC.
        let early = Schedule::parse("15 6 * * *").unwrap();
        assert_eq!(early.after(at("2024-06-27T22:00:00Z")), Some(at("2024-06-28T06:15:00+08:00")));
        let either = Schedule::parse("0 8 1 * 6").unwrap();
        assert_eq!(either.after(at("2024-06-28T12:00:00Z")), Some(at("2024-06-29T08:00:00+08:00")));
        assert_eq!(either.after(at("2024-06-29T12:00:00Z")), Some(at("2024-07-01T08:00:00+08:00")));
    }

    #[test]
    fn fields_are_numbers() {
        let fields = |text: &str| Schedule::parse(text).unwrap().fields();
        let expected = Fields {
            minutes: Some(vec![0, 30]),
            hours: Some(vec![20]),
            days: None,
            months: Some(vec![1, 4]),
            weekdays: Some(vec![1, 2, 3, 4, 5]),
        };
        assert_eq!(fields("*/30 20 * 1,4 mon-fri"), Some(expected));
        assert_eq!(fields("0 8 * * 7").unwrap().weekdays, Some(vec![0]));
        assert_eq!(fields("0 8 L * *"), None);
        let is_of_weekdays = |text: &str| Schedule::parse(text).unwrap().is_of_weekdays();
        assert!(is_of_weekdays("30 20 * * 1-5") && is_of_weekdays("30 20 * * Mon-Fri"));
        assert!(!is_of_weekdays("30 20 * * *") && !is_of_weekdays("0 8 * * 6") && !is_of_weekdays("0 8 1 * 1-5"));
    }

    #[test]
    fn what_is_not_five_fields_is_refused() {
        for text in ["", "@daily", "* * * *", "0 * * * * *", "61 * * * *", "0 24 * * *", "0 8 * * 8", "x * * * *"] {
            assert!(Schedule::parse(text).is_err(), "{text}");
        }
        let refused = |text: &str| Schedule::parse(text).unwrap_err();
        assert_eq!(refused("61 * * * *"), "minute `61`: expected 0 to 59");
        assert_eq!(refused("0 8 * * mn"), "weekday `mn`: expected 0 to 7 (0 and 7 are Sunday), or Sun to Sat");
    }
}
