//! Path templates such as `{patient_id}/CT_image.nii.gz`.

use radsql_udfs::FilePolicy;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Values that the names of a template had in one path.
pub type Bindings = BTreeMap<String, String>;

/// A path below a folder, with names `{name}` that stand for a part of one path component and `*` for any part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    components: Vec<Vec<Part>>,
    /// What follows the path, such as `#label=2`.
    fragment: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Name(String),
    Any,
}

/// A template that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A `{` without its `}`, or a name that is none.
    #[error("'{text}': a name stands in braces and is made of letters, digits and _, as in {{patient_id}}")]
    Name {
        /// The template.
        text: String,
    },
    /// Two names that nothing divides.
    #[error("'{text}': something must stand between two names, or nobody could tell where one ends")]
    Adjacent {
        /// The template.
        text: String,
    },
    /// A component `..`, or an absolute path.
    #[error("'{text}': a template lies below the LOCATION")]
    Outside {
        /// The template.
        text: String,
    },
    /// Nothing.
    #[error("the template is empty")]
    Empty,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// [`TemplateError`].
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let (path, fragment) = match text.rfind('#') {
            Some(at) if text[at..].contains('=') && !text[at..].contains('/') => text.split_at(at),
            _ => (text, ""),
        };
        if Path::new(path).is_absolute() {
            return Err(TemplateError::Outside { text: text.into() });
        }
        let mut components = vec![];
        for component in path.split('/').filter(|c| !c.is_empty() && *c != ".") {
            if component == ".." {
                return Err(TemplateError::Outside { text: text.into() });
            }
            components.push(parse_component(component, text)?);
        }
        if components.is_empty() {
            return Err(TemplateError::Empty);
        }
        Ok(Self {
            components,
            fragment: fragment.into(),
        })
    }

    /// The names, each once, in the order in which they stand.
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = vec![];
        for part in self.components.iter().flatten() {
            if let Part::Name(n) = part
                && !names.contains(&n.as_str())
            {
                names.push(n);
            }
        }
        names
    }

    /// Every file below `root` that fits and that `policy` allows, in alphabetical order, with the values of the names. Names
    /// that are bound already keep their value.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn files(&self, root: &Path, bound: &Bindings, policy: &FilePolicy) -> io::Result<Vec<(String, Bindings)>> {
        let mut found = vec![];
        walk(&self.components, root.to_path_buf(), bound, policy, &mut found)?;
        Ok(found
            .into_iter()
            .map(|(p, b)| (format!("{}{}", p.display(), self.fragment), b))
            .collect())
    }
}

fn parse_component(component: &str, whole: &str) -> Result<Vec<Part>, TemplateError> {
    let mut parts: Vec<Part> = vec![];
    let mut rest = component;
    while !rest.is_empty() {
        let part = if let Some(inner) = rest.strip_prefix('{') {
            let name = inner.split_once('}');
            let valid = |n: &str| !n.is_empty() && n.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            match name {
                Some((name, behind)) if valid(name) => {
                    rest = behind;
                    Part::Name(name.to_ascii_lowercase())
                }
                _ => return Err(TemplateError::Name { text: whole.into() }),
            }
        } else if let Some(behind) = rest.strip_prefix('*') {
            rest = behind.trim_start_matches('*');
            Part::Any
        } else {
            let end = rest.find(['{', '*']).unwrap_or(rest.len());
            let (text, behind) = rest.split_at(end);
            rest = behind;
            if text.contains('}') {
                return Err(TemplateError::Name { text: whole.into() });
            }
            Part::Text(text.into())
        };
        if !matches!(part, Part::Text(_)) && parts.last().is_some_and(|p| !matches!(p, Part::Text(_))) {
            return Err(TemplateError::Adjacent { text: whole.into() });
        }
        parts.push(part);
    }
    Ok(parts)
}

fn walk(
    components: &[Vec<Part>],
    at: PathBuf,
    bound: &Bindings,
    policy: &FilePolicy,
    found: &mut Vec<(PathBuf, Bindings)>,
) -> io::Result<()> {
    let Some((component, deeper)) = components.split_first() else {
        if policy.may_read(&at) && at.is_file() {
            found.push((at, bound.clone()));
        }
        return Ok(());
    };
    // A component whose every part is known needs no look at the folder.
    if let Some(name) = literal(component, bound) {
        return walk(deeper, at.join(name), bound, policy, found);
    }
    // A link that leads away is as if it were not there.
    if !policy.may_read(&at) {
        return Ok(());
    }
    let entries = match fs::read_dir(&at) {
        Ok(entries) => entries,
        // What the template calls a folder may be a file elsewhere in the tree.
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(()),
        Err(e) => return Err(e),
    };
    let mut names = entries.map(|e| utf8(e?.file_name())).collect::<io::Result<Vec<_>>>()?;
    names.sort();
    for name in names {
        let mut bound = bound.clone();
        if fits(component, &name, &mut bound) {
            walk(deeper, at.join(&name), &bound, policy, found)?;
        }
    }
    Ok(())
}

/// References are text, so a name that is none cannot stand in a table; leaving it out would lose a scan.
fn utf8(name: OsString) -> io::Result<String> {
    name.into_string().map_err(|name| {
        let shown = name.to_string_lossy().into_owned();
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("the name '{shown}' is not UTF-8; give the file another one"),
        )
    })
}

fn literal(component: &[Part], bound: &Bindings) -> Option<String> {
    component
        .iter()
        .map(|p| match p {
            Part::Text(t) => Some(t.as_str()),
            Part::Name(n) => bound.get(n).map(String::as_str),
            Part::Any => None,
        })
        .collect()
}

/// Whether a name fits a component; binds its names. A name takes as little as it can.
fn fits(parts: &[Part], name: &str, bound: &mut Bindings) -> bool {
    let Some((part, deeper)) = parts.split_first() else {
        return name.is_empty();
    };
    match part {
        Part::Text(t) => name
            .strip_prefix(t.as_str())
            .is_some_and(|rest| fits(deeper, rest, bound)),
        Part::Name(n) => {
            if let Some(value) = bound.get(n).cloned() {
                return name
                    .strip_prefix(value.as_str())
                    .is_some_and(|rest| fits(deeper, rest, bound));
            }
            for end in name.char_indices().map(|(i, c)| i + c.len_utf8()) {
                let mut tried = bound.clone();
                tried.insert(n.clone(), name[..end].into());
                if fits(deeper, &name[end..], &mut tried) {
                    *bound = tried;
                    return true;
                }
            }
            false
        }
        Part::Any => (0..=name.len())
            .filter(|i| name.is_char_boundary(*i))
            .any(|i| fits(deeper, &name[i..], bound)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: FilePolicy = FilePolicy::ALL;

    #[test]
    fn names_are_found_and_bound() {
        let dir = tempfile::tempdir().unwrap();
        for f in [
            "P2/ct_1.nii.gz",
            "P2/P2_seg.nii.gz",
            "P1/ct_2.nii.gz",
            "P1/P1_seg.nii.gz",
            "P1/P9_seg.nii.gz",
            "readme",
        ] {
            let path = dir.path().join(f);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let template = Template::parse("{patient_id}/ct_{phase}.nii.gz").unwrap();
        assert_eq!(template.names(), ["patient_id", "phase"]);
        let found = template.files(dir.path(), &Bindings::new(), &ALL).unwrap();
        let values: Vec<String> = found
            .iter()
            .map(|(_, b)| format!("{}{}", b["patient_id"], b["phase"]))
            .collect();
        assert_eq!(values, ["P12", "P21"]);
        let mask = Template::parse("{patient_id}/{patient_id}_seg.nii.gz#label=2").unwrap();
        let found = mask.files(dir.path(), &found[0].1, &ALL).unwrap();
        assert_eq!(found.len(), 1);
        assert!(found[0].0.ends_with("P1/P1_seg.nii.gz#label=2"));
        assert_eq!(
            Template::parse("*/*seg*")
                .unwrap()
                .files(dir.path(), &Bindings::new(), &ALL)
                .unwrap()
                .len(),
            3
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_no_text_is_an_error_and_not_a_lost_scan() {
        use std::os::unix::ffi::OsStrExt;
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join(std::ffi::OsStr::from_bytes(b"P\xff"))).unwrap();
        let e = Template::parse("{p}/ct.nii")
            .unwrap()
            .files(dir.path(), &Bindings::new(), &ALL)
            .unwrap_err();
        assert!(e.to_string().contains("is not UTF-8"), "{e}");
    }

    #[test]
    fn templates_that_cannot_be_meant_are_errors() {
        for text in ["", "{a}{b}.nii", "{a", "a}", "{}/x", "{a b}", "../x", "/x"] {
            assert!(Template::parse(text).is_err(), "{text}");
        }
    }
}
