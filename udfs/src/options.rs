//! The settings that `SET radsql.name = value` changes.

use crate::files::FilePolicy;
use datafusion::common::config::{ConfigEntry, ConfigExtension, ExtensionOptions};
use datafusion::common::{Result, plan_err};
use datafusion::config::ConfigOptions;
use std::any::Any;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a query does with a scan that cannot be read or measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnError {
    /// Stop at the first bad scan.
    #[default]
    Fail,
    /// Give NULL for its row and add a row to `scan_errors()`.
    Null,
}

/// How tied event times enter the partial likelihood of a Cox fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CoxTies {
    /// Efron's approximation, R's default.
    #[default]
    Efron,
    /// Breslow's approximation.
    Breslow,
    /// The exact partial likelihood of discrete times.
    Exact,
}

/// `'a', 'b' or 'c'`.
pub fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|w| format!("'{w}'")).collect();
    match &quoted[..] {
        [all @ .., last] if !all.is_empty() => format!("{} or {last}", all.join(", ")),
        all => all.concat(),
    }
}

macro_rules! named {
    ($type:ident: $($text:literal => $variant:ident),*) => {
        impl FromStr for $type {
            type Err = String;
            fn from_str(s: &str) -> std::result::Result<Self, String> {
                match s.to_ascii_lowercase().as_str() {
                    $($text => Ok(Self::$variant),)*
                    _ => Err(crate::options::listed(&[$($text),*])),
                }
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $text),* })
            }
        }
    };
}
named!(OnError: "fail" => Fail, "null" => Null);
named!(CoxTies: "efron" => Efron, "breslow" => Breslow, "exact" => Exact);

/// The memory that a session may use, shared by its settings and its memory pool. 0 means no limit.
#[derive(Debug, Clone, Default)]
pub struct MemoryLimit(Arc<AtomicUsize>);

impl MemoryLimit {
    /// A limit of so many bytes; 0 for none.
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(bytes)))
    }

    /// Bytes; 0 for none.
    pub fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Settings of radsql in a DataFusion session.
#[derive(Debug, Clone)]
pub struct RadsqlOptions {
    /// Threads that work on scans; 0 means one for each core.
    pub threads: usize,
    /// Memory that queries may use together; `None` where the session's memory pool is not ours to limit.
    pub memory_limit: Option<MemoryLimit>,
    /// Folder of the feature cache; empty for none.
    pub cache_dir: String,
    /// What happens to a scan that cannot be read or measured.
    pub on_error: OnError,
    /// Seed of everything random that is given no seed of its own.
    pub seed: u64,
    /// Settings of `radiomics` where a call gives none.
    pub radiomics: String,
    /// Tied event times in Cox fits.
    pub cox_ties: CoxTies,
    /// Level of confidence intervals.
    pub conf_level: f64,
    /// Days that VACUUM keeps of a database's history; 0 means all.
    pub history_days: u64,
    /// Which files statements may reach. No setting: whoever starts the session decides it.
    pub files: FilePolicy,
    /// Whether values that identify a person may be asked for. No setting.
    pub identifying_allowed: bool,
    /// Whose session it is, where several share one runtime: its failures are shown to it alone. No setting.
    pub session: Option<Arc<str>>,
    /// Whether `scan_errors()` tells of failures that stopped a query too, where its error says less. No setting.
    pub record_failures: bool,
}

/// What is said to those who ask for identifying values and may not have them.
pub const NOT_GRANTED: &str = "include_phi is not granted to this user";

impl Default for RadsqlOptions {
    fn default() -> Self {
        Self {
            threads: 0,
            memory_limit: None,
            cache_dir: String::new(),
            on_error: OnError::default(),
            seed: 1,
            radiomics: "default".into(),
            cox_ties: CoxTies::default(),
            conf_level: 0.95,
            history_days: 0,
            files: FilePolicy::default(),
            identifying_allowed: true,
            session: None,
            record_failures: false,
        }
    }
}

impl RadsqlOptions {
    /// The settings of a session; the defaults where radsql is not registered in it.
    pub fn of(config: &ConfigOptions) -> Self {
        config.extensions.get::<Self>().cloned().unwrap_or_default()
    }

    /// Threads that work on scans: what `threads` asks for, or one for each core.
    pub fn parallelism(&self) -> usize {
        if self.threads > 0 {
            self.threads
        } else {
            std::thread::available_parallelism().map_or(1, usize::from)
        }
    }
}

impl ConfigExtension for RadsqlOptions {
    const PREFIX: &'static str = "radsql";
}

const KEYS: [(&str, &str); 9] = [
    ("threads", "threads that work on scans; 0 means one for each core"),
    (
        "memory_limit",
        "memory that queries may use, such as 512MB or 8GB; 0 means no limit",
    ),
    (
        "cache_dir",
        "folder that keeps computed features for the next time; '' switches the cache off",
    ),
    (
        "on_error",
        "a bad scan stops the query ('fail') or gives NULL and a row in scan_errors() ('null')",
    ),
    ("seed", "seed of everything random that is given none of its own"),
    (
        "radiomics",
        "settings of radiomics() where a call gives none: a name, a parameter file's text or its path",
    ),
    (
        "cox_ties",
        "tied event times in Cox fits: 'efron', 'breslow' or 'exact'",
    ),
    ("conf_level", "level of confidence intervals, between 0 and 1"),
    (
        "history_days",
        "days that VACUUM keeps of a database's history; 0 means all",
    ),
];

impl ExtensionOptions for RadsqlOptions {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, value: &str) -> Result<()> {
        let wrong = |expected: &str| plan_err!("radsql.{key} cannot be '{value}': expected {expected}");
        match key {
            "threads" => match value.parse::<usize>() {
                Ok(n) if n <= 1024 => self.threads = n,
                _ => return wrong("a whole number from 0 (one for each core) to 1024"),
            },
            "memory_limit" => match (parse_bytes(value), &self.memory_limit) {
                (Some(n), Some(limit)) => limit.0.store(n, Ordering::Relaxed),
                (None, _) => return wrong("a size such as 512MB or 8GB, or 0 for no limit"),
                (_, None) => {
                    return plan_err!("radsql.{key}: this session has a memory pool of its own; limit it there");
                }
            },
            "cache_dir" => {
                if self.files.is_restricted() {
                    return plan_err!("radsql.{key} cannot be changed here");
                }
                if !value.is_empty()
                    && let Err(e) = std::fs::create_dir_all(value)
                {
                    return plan_err!("radsql.{key} cannot be '{value}': the folder cannot be made: {e}");
                }
                self.cache_dir = value.into();
            }
            "on_error" => match value.parse() {
                Ok(v) => self.on_error = v,
                Err(known) => return wrong(&known),
            },
            "seed" => match value.parse() {
                Ok(v) => self.seed = v,
                Err(_) => return wrong("a whole number, 0 or more"),
            },
            "radiomics" => {
                crate::radiomics::settings::parse(value, &self.files)?;
                self.radiomics = value.into();
            }
            "cox_ties" => match value.parse() {
                Ok(v) => self.cox_ties = v,
                Err(known) => return wrong(&known),
            },
            "conf_level" => match value.parse::<f64>() {
                Ok(v) if v > 0.0 && v < 1.0 => self.conf_level = v,
                _ => return wrong("a number between 0 and 1, such as 0.95"),
            },
            "history_days" => match value.parse() {
                Ok(v) => self.history_days = v,
                Err(_) => return wrong("a number of days, 0 or more"),
            },
            _ => {
                let known = KEYS.map(|(k, _)| format!("radsql.{k}")).join(", ");
                return plan_err!("there is no setting radsql.{key}; the settings are {known}");
            }
        }
        Ok(())
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        let value = |key: &str| match key {
            "threads" => Some(self.threads.to_string()),
            "memory_limit" => self.memory_limit.as_ref().map(|l| format_bytes(l.bytes())),
            // A place on the server's disk is nobody's business.
            "cache_dir" if self.files.is_restricted() && !self.cache_dir.is_empty() => Some("(set)".into()),
            "cache_dir" => Some(self.cache_dir.clone()),
            "on_error" => Some(self.on_error.to_string()),
            "seed" => Some(self.seed.to_string()),
            "radiomics" => Some(self.radiomics.clone()),
            "cox_ties" => Some(self.cox_ties.to_string()),
            "conf_level" => Some(self.conf_level.to_string()),
            _ => Some(self.history_days.to_string()),
        };
        // With the prefix: DataFusion lists the entries of an extension as they are, and SHOW looks them up so.
        let entry = |&(key, description)| ConfigEntry {
            key: format!("radsql.{key}"),
            value: value(key),
            description,
        };
        KEYS.iter().map(entry).collect()
    }
}

const UNITS: [(&str, usize); 4] = [("TB", 1 << 40), ("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)];

/// Reads a size: a number with K, M, G or T (of 1024), with or without B.
pub fn parse_bytes(text: &str) -> Option<usize> {
    let text = text.trim().to_ascii_uppercase();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text[digits.len()..].trim_end_matches("IB").trim_end_matches('B') {
        "" => 1,
        "K" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        "T" => 1usize << 40,
        _ => return None,
    };
    let n: f64 = digits.trim().parse().ok()?;
    let bytes = n * unit as f64;
    (bytes.is_finite() && (0.0..9e18).contains(&bytes)).then_some(bytes as usize)
}

fn format_bytes(n: usize) -> String {
    match UNITS.iter().find(|(_, unit)| n >= *unit && n.is_multiple_of(*unit)) {
        Some((name, unit)) => format!("{}{name}", n / unit),
        None => n.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_checked_and_listed_with_their_prefix() {
        let mut o = RadsqlOptions {
            memory_limit: Some(MemoryLimit::default()),
            ..RadsqlOptions::default()
        };
        for (key, value) in [
            ("threads", "4"),
            ("memory_limit", "1.5GB"),
            ("on_error", "NULL"),
            ("seed", "42"),
        ] {
            o.set(key, value).unwrap();
        }
        o.set("cox_ties", "breslow").unwrap();
        o.set("conf_level", "0.9").unwrap();
        let shown: Vec<String> = o
            .entries()
            .into_iter()
            .map(|e| format!("{}={}", e.key, e.value.unwrap_or_default()))
            .collect();
        assert_eq!(
            shown.join(" "),
            "radsql.threads=4 radsql.memory_limit=1536MB radsql.cache_dir= radsql.on_error=null radsql.seed=42 \
             radsql.radiomics=default radsql.cox_ties=breslow radsql.conf_level=0.9 radsql.history_days=0"
        );
        for (key, value) in [
            ("threads", "-1"),
            ("memory_limit", "lots"),
            ("on_error", "skip"),
            ("conf_level", "95"),
            ("cox_ties", "x"),
            ("radiomics", "binWith: 3"),
            ("colour", "red"),
        ] {
            assert!(o.set(key, value).is_err(), "{key} = {value}");
        }
    }
}
