//! How one of a file's regions is asked for: by its name, or by its number.

use crate::dataset::Items;
use crate::error::Problem;
use std::collections::HashMap;

/// Segments have no other numbers than those of 16 bits, and nobody draws as many regions.
const MOST: usize = 1 << 16;

/// How many items describe segments or regions, of which much is kept.
pub(crate) fn few(items: Items<'_>, keyword: &'static str) -> Result<usize, Problem> {
    match items.count() {
        count if count <= MOST => Ok(count),
        count => Err(Problem::Value {
            keyword,
            found: format!("{count} items"),
            expected: "65536 at most",
        }),
    }
}

/// What has a number, and a name that may be empty or that of others too.
pub(crate) trait Numbered {
    /// What it is, for messages.
    const KIND: &'static str;
    fn number(&self) -> u32;
    fn name(&self) -> &str;
}

/// The text by which [`find`] finds one of them: its name, or its number where the name is empty, a number, or that of several.
pub(crate) fn selector<T: Numbered>(all: &[T], one: &T) -> String {
    let same = all.iter().filter(|other| other.name() == one.name()).count();
    unique(one, same)
}

/// The [`selector`] of each.
pub(crate) fn selectors<T: Numbered>(all: &[T]) -> impl Iterator<Item = String> + '_ {
    let mut same: HashMap<&str, usize> = HashMap::new();
    for one in all {
        *same.entry(one.name()).or_default() += 1;
    }
    all.iter().map(move |one| unique(one, same[one.name()]))
}

/// A name that `same` of them have, or a number.
fn unique<T: Numbered>(one: &T, same: usize) -> String {
    let name = one.name();
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
            found: crate::names(selectors(all)),
        }),
        several => Err(Problem::Ambiguous {
            kind: T::KIND,
            asked: asked.to_owned(),
            found: several.len(),
        }),
    }
}
