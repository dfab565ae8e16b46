//! How one of a file's regions is asked for: by its name, or by its number.

use crate::error::Problem;

/// What has a number, and a name that may be empty or that of others too.
pub(crate) trait Numbered {
    /// What it is, for messages.
    const KIND: &'static str;
    fn number(&self) -> u32;
    fn name(&self) -> &str;
}

/// The text by which [`find`] finds one of them: its name, or its number where the name is empty, a number, or that of several.
pub(crate) fn selector<T: Numbered>(all: &[T], one: &T) -> String {
    let name = one.name();
    let same = all.iter().filter(|other| other.name() == name).count();
    match name.is_empty() || same > 1 || name.parse::<u32>().is_ok() {
        true => one.number().to_string(),
        false => name.to_owned(),
    }
}

/// The one of a number, or else of a name.
pub(crate) fn find<'a, T: Numbered>(all: &'a [T], asked: &str) -> Result<&'a T, Problem> {
    let number = asked.parse::<u32>().ok();
    if let Some(found) = all.iter().find(|one| Some(one.number()) == number) {
        return Ok(found);
    }
    let named: Vec<&T> = all.iter().filter(|one| one.name() == asked).collect();
    match named.as_slice() {
        [one] => Ok(one),
        [] => Err(Problem::Absent {
            kind: T::KIND,
            asked: asked.to_owned(),
            found: crate::names(all.iter().map(|one| selector(all, one))),
        }),
        several => Err(Problem::Ambiguous {
            kind: T::KIND,
            asked: asked.to_owned(),
            found: several.len(),
        }),
    }
}
