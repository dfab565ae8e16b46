//! The options that travel with a statistic in its plan.

use super::role::Role;
use crate::options::{CoxTies, RadsqlOptions};
use serde_json::{Map, Value};

/// Options of a statistic.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// Names of the arguments, as users wrote them; covariates take their terms' names from here.
    pub names: Vec<String>,
    /// What each argument is for.
    pub roles: Vec<Role>,
    /// Whether the statistic is asked again and again over growing rows (OVER), so that its rows must be kept.
    pub window: bool,
    /// Settings by name.
    settings: Map<String, Value>,
}

impl Options {
    /// The same with the session's settings where the call gave none.
    pub fn in_session(mut self, settings: &RadsqlOptions) -> Self {
        let of_session: [(&str, Value); 4] = [
            ("ties", settings.cox_ties.to_string().into()),
            ("conf_level", settings.conf_level.into()),
            ("seed", settings.seed.into()),
            ("threads", settings.parallelism().into()),
        ];
        for (name, value) in of_session {
            self.settings.entry(name).or_insert(value);
        }
        self
    }

    /// All settings, by name.
    pub fn settings(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.settings.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Gives a setting a value.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.settings.insert(name.into(), value.into());
    }

    /// A number that was given.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.settings.get(name)?.as_f64()
    }

    /// A whole number that was given.
    pub fn whole(&self, name: &str) -> Option<u64> {
        self.settings.get(name)?.as_u64()
    }

    /// Numbers that were given; one number is a list of one.
    pub fn numbers(&self, name: &str) -> Option<Vec<f64>> {
        match self.settings.get(name)? {
            Value::Array(list) => list.iter().map(Value::as_f64).collect(),
            one => one.as_f64().map(|v| vec![v]),
        }
    }

    /// A text that was given.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.settings.get(name)?.as_str()
    }

    /// A truth value that was given.
    pub fn truth(&self, name: &str) -> Option<bool> {
        self.settings.get(name)?.as_bool()
    }

    /// Level of confidence intervals.
    pub fn conf_level(&self) -> f64 {
        self.number("conf_level").unwrap_or(0.95)
    }

    /// Seed of everything random.
    pub fn seed(&self) -> u64 {
        self.whole("seed").unwrap_or(1)
    }

    /// Tied event times in Cox fits.
    pub fn ties(&self) -> CoxTies {
        self.text("ties").and_then(|t| t.parse().ok()).unwrap_or_default()
    }

    /// Names of the arguments with a role.
    pub fn names_of(&self, role: Role) -> impl Iterator<Item = &str> {
        let of_role = self.roles.iter().zip(&self.names).filter(move |(r, _)| **r == role);
        of_role.map(|(_, name)| name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_what_they_are() {
        let mut o = Options::default();
        o.set("ties", "breslow");
        o.set("conf_level", 0.9);
        o.set("times", vec![12.0, 1.0 / 3.0]);
        o.set("folds", 10_u64);
        o.set("robust", true);
        assert_eq!(o.ties(), CoxTies::Breslow);
        assert_eq!(o.numbers("times"), Some(vec![12.0, 1.0 / 3.0]));
        assert_eq!((o.whole("folds"), o.truth("robust")), (Some(10), Some(true)));
        assert_eq!((o.number("conf_level"), o.text("folds")), (Some(0.9), None));
        assert_eq!((o.numbers("folds"), o.whole("seed")), (Some(vec![10.0]), None));
    }
}
