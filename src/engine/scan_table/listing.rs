//! Which NIfTI or NRRD files a scan table has.

use super::template::{Bindings, Template};
use super::{Found, Row, SIZES, SPACINGS, TEXTS};
use datafusion::common::{Result, TableReference, plan_datafusion_err, plan_err};
use datafusion::logical_expr::CreateExternalTable;
use radsql_udfs::files::{FilePolicy, Forbidden};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where a table's images and masks are.
#[derive(Debug)]
pub struct FileListing {
    root: PathBuf,
    location: String,
    extensions: &'static [&'static str],
    image: Option<(String, Template)>,
    mask: Option<(String, Template)>,
    constants: Bindings,
    files: FilePolicy,
}

impl FileListing {
    /// Reads `LOCATION` and `OPTIONS (image '...', mask '...', ...)`.
    pub fn from_command(cmd: &CreateExternalTable, files: &FilePolicy) -> Result<Self> {
        let table = &cmd.name;
        let [location] = &cmd.locations[..] else {
            return plan_err!("{table}: a scan table has one LOCATION");
        };
        let location = location.strip_prefix("file://").unwrap_or(location);
        let extensions: &[&str] = match cmd.file_type.as_str() {
            "NIFTI" => &[".nii", ".nii.gz"],
            _ => &[".nrrd", ".nhdr"],
        };
        let (mut image, mut mask, mut constants) = (None, None, Bindings::new());
        let mut options: Vec<_> = cmd.options.iter().collect();
        options.sort();
        let (root, below) = split_location(location);
        let parse = |key: &str, text: &str| -> Result<(String, Template)> {
            let whole = format!("{below}{text}");
            let template = Template::parse(&whole).map_err(|e| plan_datafusion_err!("{table}: option {key}: {e}"))?;
            Ok((text.to_string(), template))
        };
        for (key, value) in options {
            match key.strip_prefix("format.").unwrap_or(key) {
                "image" => image = Some(parse("image", value)?),
                "mask" => mask = Some(parse("mask", value)?),
                column if TEXTS.contains(&column) => {
                    constants.insert(column.to_string(), value.clone());
                }
                other => {
                    return plan_err!(
                        "{table}: there is no option '{other}'; the options are image, mask, {}",
                        TEXTS.join(", ")
                    );
                }
            }
        }
        if mask.is_some() && image.is_none() {
            return plan_err!("{table}: option mask needs option image, so that each mask finds its image");
        }
        let star = |option: &Option<(String, Template)>| option.as_ref().is_some_and(|(text, _)| text.contains('*'));
        if star(&image) && star(&mask) {
            return plan_err!(
                "{table}: image and mask both have a *, so that any mask would go with any image; give what it stands for a \
                 name, as in {{patient_id}}"
            );
        }
        if image.is_none() && !below.is_empty() {
            return plan_err!("{table}: a LOCATION with * needs option image");
        }
        let listing = Self {
            root,
            location: location.into(),
            extensions,
            image,
            mask,
            constants,
            files: files.clone(),
        };
        may_list(table, location, &listing.root, files)?;
        if !listing.root.exists() {
            return plan_err!("{table}: LOCATION '{location}' does not exist");
        }
        let fixed: BTreeSet<&str> = SIZES
            .iter()
            .chain(&SPACINGS)
            .copied()
            .chain(["image", "mask", "path"])
            .collect();
        if let Some(clash) = listing.names().into_iter().find(|n| fixed.contains(n)) {
            return plan_err!("{table}: a name in braces cannot be '{clash}': the table has a column of that name");
        }
        Ok(listing)
    }

    fn names(&self) -> Vec<&str> {
        let mut names = vec![];
        for (_, template) in self.image.iter().chain(&self.mask) {
            for name in template.names() {
                if !name.starts_with(HIDDEN) && !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// Names in the templates that are no standard columns.
    pub fn extra_columns(&self) -> Vec<&str> {
        self.names().into_iter().filter(|n| !TEXTS.contains(n)).collect()
    }

    /// Why a table would be empty.
    pub fn describe_empty(&self) -> String {
        match &self.image {
            Some((text, _)) => format!("no file below '{}' fits the image template '{text}'", self.location),
            None => format!(
                "no file below '{}' ends in {}",
                self.location,
                self.extensions.join(" or ")
            ),
        }
    }

    /// Why no image would have a mask.
    pub fn describe_no_mask(&self) -> Option<String> {
        let (text, _) = self.mask.as_ref()?;
        Some(format!(
            "no file below '{}' fits the mask template '{text}' for any of the images",
            self.location
        ))
    }

    /// Looks at the disk.
    pub fn rows(&self) -> Result<Found> {
        let unreadable =
            |e: std::io::Error| plan_datafusion_err!("{FUNCTION}: '{}' cannot be read: {e}", self.location);
        let images = match &self.image {
            Some((_, template)) => template
                .files(&self.root, &Bindings::new(), &self.files)
                .map_err(unreadable)?,
            None => self.every_file()?.into_iter().map(|p| (p, Bindings::new())).collect(),
        };
        let mut used: BTreeSet<String> = BTreeSet::new();
        let mut rows = vec![];
        for (image, bound) in images {
            let masks = match &self.mask {
                Some((_, template)) => template.files(&self.root, &bound, &self.files).map_err(unreadable)?,
                None => vec![],
            };
            let mut add = |mask: Option<String>, mut texts: Bindings| {
                texts.extend(self.constants.clone());
                rows.push(Row {
                    image: image.clone(),
                    mask,
                    path: image.clone(),
                    texts,
                    ..Row::default()
                });
            };
            if masks.is_empty() {
                add(None, bound);
                continue;
            }
            for (mask, texts) in masks {
                used.insert(mask.clone());
                add(Some(mask), texts);
            }
        }
        let masks_alone = match &self.mask {
            Some((_, template)) => template
                .files(&self.root, &Bindings::new(), &self.files)
                .map_err(unreadable)?,
            None => vec![],
        };
        let masks_alone = masks_alone.into_iter().map(|(m, _)| m).filter(|m| !used.contains(m));
        let why = "no image belongs to this mask";
        Ok(Found {
            rows,
            left_out: masks_alone.map(|m| (None, Some(m), why.to_string())).collect(),
        })
    }

    fn every_file(&self) -> Result<Vec<String>> {
        let mut files = vec![];
        if !self.files.may_read(&self.root) {
            return Ok(files);
        }
        for entry in walkdir::WalkDir::new(&self.root).sort_by_file_name() {
            let entry =
                entry.map_err(|e| plan_datafusion_err!("{FUNCTION}: '{}' cannot be read: {e}", self.location))?;
            let name = entry.file_name().to_string_lossy().to_ascii_lowercase();
            // A link that leads away is as if it were not there.
            if entry.path_is_symlink() && !self.files.may_read(entry.path()) {
                continue;
            }
            if entry.path().is_file() && self.extensions.iter().any(|e| name.ends_with(e)) {
                files.push(entry.path().display().to_string());
            }
        }
        Ok(files)
    }
}

const FUNCTION: &str = super::FUNCTION;

/// Refuses a table over a folder that may not be read; the message has the LOCATION as it was written.
pub fn may_list(table: &TableReference, location: &str, root: &Path, files: &FilePolicy) -> Result<()> {
    match files.may_read(root) {
        true => Ok(()),
        false => plan_err!("{table}: LOCATION {}", Forbidden::to_read(Path::new(location))),
    }
}

/// What the names begin with that stand for the * of a LOCATION; they are no columns.
const HIDDEN: &str = "__location_";

/// The files that a LOCATION with `*` stands for, in alphabetical order.
pub fn files_like(location: &str) -> Vec<String> {
    let (root, below) = split_location(location);
    let template = Template::parse(below.trim_end_matches('/'));
    let files = template
        .ok()
        .and_then(|t| t.files(&root, &Bindings::new(), &FilePolicy::ALL).ok());
    files.into_iter().flatten().map(|(path, _)| path).collect()
}

/// The folder before the first component with a `*`, and the components from there on, for the front of a template.
fn split_location(location: &str) -> (PathBuf, String) {
    match location.find('*') {
        None => (PathBuf::from(location), String::new()),
        Some(star) => {
            let cut = location[..star].rfind('/').map_or(0, |i| i + 1);
            let root = if cut == 0 {
                Path::new(".").to_path_buf()
            } else {
                PathBuf::from(&location[..cut])
            };
            // Each * gets a hidden name, so that image and mask have the same part there.
            let mut below = String::new();
            for (i, part) in location[cut..].trim_end_matches('/').split('*').enumerate() {
                if i > 0 {
                    below.push_str(&format!("{{{HIDDEN}{i}}}"));
                }
                below.push_str(part);
            }
            (root, below + "/")
        }
    }
}
