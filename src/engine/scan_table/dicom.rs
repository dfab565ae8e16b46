//! What a scan table of DICOM files has: a row for each image series and region.

use super::listing::may_list;
use super::{FUNCTION, Found, Row};
use datafusion::common::{Result, exec_datafusion_err, plan_datafusion_err, plan_err};
use datafusion::logical_expr::CreateExternalTable;
use radsql_udfs::FilePolicy;
use radsql_udfs::options::{NOT_GRANTED, OnError, RadsqlOptions};
use radsql_udfs::scan::ScanRuntime;
use radsql_udfs::scans::series::{
    ACQUISITION, FoundFolder, FoundSeries, SeriesOptions, find_series, identifying_columns,
};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// A folder of DICOM files as a table.
#[derive(Debug)]
pub struct DicomListing {
    folder: PathBuf,
    /// What the components below the folder must be like, where `LOCATION` has a `*`.
    below: Vec<String>,
    /// What a region's name must be like, `*` standing for anything.
    regions: Option<String>,
    how: SeriesOptions,
}

impl DicomListing {
    /// Reads `LOCATION` and `OPTIONS (regions '...', suv '...', include_phi '...')`.
    pub fn from_command(cmd: &CreateExternalTable, files: &FilePolicy) -> Result<Self> {
        let table = &cmd.name;
        let [location] = &cmd.locations[..] else {
            return plan_err!("{table}: a scan table has one LOCATION");
        };
        let location = location.strip_prefix("file://").unwrap_or(location);
        let (folder, below) = split(location);
        may_list(table, location, &folder, files)?;
        if !folder.exists() {
            return plan_err!("{table}: LOCATION '{location}' does not exist");
        }
        let mut listing = Self {
            folder,
            below,
            regions: None,
            how: SeriesOptions::default(),
        };
        let mut options: Vec<_> = cmd.options.iter().collect();
        options.sort();
        for (name, value) in options {
            let name = name.strip_prefix("format.").unwrap_or(name);
            let flag = || {
                let value = value.to_ascii_lowercase();
                value
                    .parse::<bool>()
                    .map_err(|_| plan_datafusion_err!("{table}: option {name} is 'true' or 'false'; found '{value}'"))
            };
            match name {
                "regions" => listing.regions = Some(value.clone()),
                "suv" => listing.how.suv = flag()?,
                "include_phi" => listing.how.identifying = flag()?,
                other => {
                    return plan_err!(
                        "{table}: there is no option '{other}'; the options of DICOM tables are regions, suv and include_phi"
                    );
                }
            }
        }
        Ok(listing)
    }

    /// Text columns beside the standard ones.
    pub fn extra_columns(&self) -> Vec<String> {
        let mut columns: Vec<String> = ACQUISITION.map(String::from).into();
        if self.how.identifying {
            columns.extend(identifying_columns());
        }
        columns
    }

    fn list(&self, runtime: &ScanRuntime, options: &RadsqlOptions, cancelled: &AtomicBool) -> Result<FoundFolder> {
        // Whoever made the table may be granted more than whoever reads it.
        if self.how.identifying && !options.identifying_allowed {
            return plan_err!("{FUNCTION}: {NOT_GRANTED}");
        }
        runtime
            .files()
            .read(&self.folder)
            .map_err(|e| exec_datafusion_err!("{FUNCTION}: {e}"))?;
        find_series(&self.folder, self.how, runtime, options, cancelled)
            .map_err(|e| exec_datafusion_err!("{FUNCTION}: {e}"))
    }

    /// Lists the folder.
    pub fn rows(&self, runtime: &ScanRuntime, options: &RadsqlOptions, cancelled: &AtomicBool) -> Result<Found> {
        let mut folder = self.list(runtime, options, cancelled)?;
        folder.failures.retain(|(file, _)| self.lies_in(file));
        folder.series.retain(|series| self.lies_in(&series.path));
        folder.orphans.retain(|(_, mask)| self.lies_in(mask));
        if let (Some((_, first)), OnError::Fail) = (folder.failures.first(), options.on_error) {
            let others = match folder.failures.len() - 1 {
                0 => String::new(),
                n => format!(" (and {n} other files cannot be understood)"),
            };
            return Err(exec_datafusion_err!(
                "{FUNCTION}: {first}{others}; after SET radsql.on_error = 'null' such files are left out and listed by \
                 scan_errors()"
            ));
        }
        let mut found = Found::default();
        for (file, why) in folder.failures {
            found.left_out.push((Some(file), None, why));
        }
        for series in folder.series {
            self.add(series, &mut found);
        }
        for (_, mask) in folder.orphans.into_iter().filter(|(name, _)| self.is_wanted(name)) {
            let why = "no image of the table belongs to this mask".to_string();
            found.left_out.push((None, Some(mask), why));
        }
        Ok(found)
    }

    /// The rows of a series: one for each of its regions, or one without.
    fn add(&self, series: FoundSeries, found: &mut Found) {
        let geometry = match series.geometry {
            Ok(geometry) => Some(geometry),
            Err(why) => {
                // Scouts and the like are no volumes and no fault: they are listed, and cannot be measured.
                found.left_out.push((Some(series.image.clone()), None, why));
                None
            }
        };
        let row = Row {
            image: series.image,
            mask: None,
            path: series.path,
            texts: series.texts.into_iter().collect(),
            numbers: series.numbers.into_iter().collect(),
            geometry,
        };
        let before = found.rows.len();
        for (name, mask) in series.regions.into_iter().filter(|(name, _)| self.is_wanted(name)) {
            let mut row = row.clone();
            row.mask = Some(mask);
            row.texts.insert("region".into(), name);
            found.rows.push(row);
        }
        if found.rows.len() == before {
            found.rows.push(row);
        }
    }

    /// Whether a path is one that `LOCATION` means.
    fn lies_in(&self, path: &str) -> bool {
        let path = Path::new(path);
        let mut components = path.strip_prefix(&self.folder).unwrap_or(path).iter();
        self.below.iter().all(|pattern| {
            components
                .next()
                .is_some_and(|name| fits(pattern, &name.to_string_lossy()))
        })
    }

    fn is_wanted(&self, region: &str) -> bool {
        self.regions.as_ref().is_none_or(|pattern| fits(pattern, region))
    }

    /// Why the table would be empty.
    pub fn describe_empty(&self, runtime: &ScanRuntime, options: &RadsqlOptions) -> String {
        let seen = self
            .list(runtime, options, &AtomicBool::new(false))
            .map_or_else(|e| e.to_string(), |folder| folder.seen);
        format!("no DICOM image series lies below '{}' ({seen})", self.folder.display())
    }

    /// Why no image would have a mask, when a pattern was given for regions.
    pub fn describe_no_mask(&self) -> Option<String> {
        let pattern = self.regions.as_ref()?;
        Some(format!(
            "no region below '{}' has a name like '{pattern}'",
            self.folder.display()
        ))
    }
}

/// The folder before the first component with a `*`, and the components from there on.
fn split(location: &str) -> (PathBuf, Vec<String>) {
    let Some(star) = location.find('*') else {
        return (location.into(), vec![]);
    };
    let (folder, below) = match location[..star].rfind('/') {
        Some(at) => location.split_at(at + 1),
        None => (".", location),
    };
    let below = below.split('/').filter(|c| !c.is_empty());
    (folder.into(), below.map(String::from).collect())
}

/// Whether a name is like a pattern, in which `*` stands for any text.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name) in [
            ("Tumor_*", "Tumor_1"),
            ("*", ""),
            ("*", "a"),
            ("GTV", "GTV"),
            ("*GTV*", "the GTV 1"),
            ("a*b*c", "abbc"),
            ("a*a", "aa"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("Tumor_*", "Liver"),
            ("GTV", "GTV1"),
            ("", "a"),
            ("a*a", "a"),
            ("a*b*c", "acb"),
            ("Tumor_*", "tumor_1"),
        ] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }
}
