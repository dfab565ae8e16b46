//! Values of attributes, as numbers and trimmed text.

use crate::dataset::{Dataset, Element, Items};
use crate::error::Problem;
use dicom_core::Tag;
use std::fmt::Write;

/// Bytes of a value that are given as text: no attribute that is asked for may have more.
const LONGEST: usize = 1 << 16;

/// An element, if it is there. A tag that is missing in the list of those that are read would always seem absent.
pub(crate) fn get(object: Dataset<'_>, tag: Tag) -> Option<Element<'_>> {
    debug_assert!(crate::wanted::is_read(tag), "{tag} is not listed");
    object.get(tag)
}

/// The value as text without padding; none when it is absent or empty.
pub(crate) fn text(object: Dataset<'_>, tag: Tag) -> Option<String> {
    text_of(&get(object, tag)?, LONGEST)
}

/// The value of an element as text without padding, of the first of its bytes; none when it is empty or a sequence.
pub(crate) fn text_of(element: &Element<'_>, most: usize) -> Option<String> {
    if element.items().is_some() {
        return None;
    }
    let mut text = match element.is_text() {
        true => {
            let text = element.characters(most);
            let padding = [' ', '\0'];
            let padded = element.parts(&text).any(|part| part.ends_with(padding));
            match padded {
                true => {
                    let parts = element.parts(&text).map(|part| part.trim_end_matches(padding));
                    parts.collect::<Vec<_>>().join("\\")
                }
                false => text.into_owned(),
            }
        }
        false => {
            let mut text = String::new();
            for number in element.numbers() {
                if text.len() >= most {
                    break;
                }
                let _ = write!(text, "{}{number}", if text.is_empty() { "" } else { "\\" });
            }
            text
        }
    };
    let padding = |c: char| c == '\0' || c.is_whitespace();
    text.truncate(text.trim_end_matches(padding).len());
    text.drain(..text.len() - text.trim_start_matches(padding).len());
    text.shrink_to_fit();
    (!text.is_empty()).then_some(text)
}

/// Calls `each` with every number of a value; gives how many there are, and none when it is absent or empty.
fn each_number(
    object: Dataset<'_>,
    tag: Tag,
    keyword: &'static str,
    mut each: impl FnMut(f64),
) -> Result<Option<usize>, Problem> {
    let Some(element) = get(object, tag).filter(|element| element.items().is_none()) else {
        return Ok(None);
    };
    let wrong = || Problem::Value {
        keyword,
        found: "a value that is no number".to_owned(),
        expected: "numbers",
    };
    let mut count = 0;
    let mut one = |number: Option<f64>| {
        let number = number.filter(|n| n.is_finite()).ok_or_else(wrong)?;
        count += 1;
        each(number);
        Ok::<_, Problem>(())
    };
    if !element.is_text() {
        element.numbers().try_for_each(|number| one(number.value()))?;
        return Ok((count > 0).then_some(count));
    }
    let padding = |c: char| c == '\0' || c.is_whitespace();
    let text = element.characters(usize::MAX);
    if text.trim_matches(padding).is_empty() {
        return Ok(None);
    }
    for part in element.parts(&text) {
        one(part.trim_matches(padding).parse().ok())?;
    }
    Ok(Some(count))
}

/// The value as numbers; none when it is absent or empty.
pub(crate) fn numbers(object: Dataset<'_>, tag: Tag, keyword: &'static str) -> Result<Option<Vec<f64>>, Problem> {
    let mut numbers = Vec::new();
    let count = each_number(object, tag, keyword, |n| numbers.push(n))?;
    Ok(count.map(|_| numbers))
}

/// Exactly `N` numbers.
pub(crate) fn array<const N: usize>(
    object: Dataset<'_>,
    tag: Tag,
    keyword: &'static str,
) -> Result<Option<[f64; N]>, Problem> {
    let (mut found, mut at) = ([0.0; N], 0);
    let count = each_number(object, tag, keyword, |n| {
        if let Some(place) = found.get_mut(at) {
            *place = n;
        }
        at += 1;
    })?;
    match count {
        None => Ok(None),
        Some(count) if count == N => Ok(Some(found)),
        Some(count) => Err(Problem::Value {
            keyword,
            found: format!("{count} numbers"),
            expected: match N {
                2 => "2 numbers",
                3 => "3 numbers",
                _ => "6 numbers",
            },
        }),
    }
}

/// The first number.
pub(crate) fn number(object: Dataset<'_>, tag: Tag, keyword: &'static str) -> Result<Option<f64>, Problem> {
    let mut first = None;
    each_number(object, tag, keyword, |n| first = first.or(Some(n)))?;
    Ok(first)
}

/// A number that must be whole and not negative.
pub(crate) fn whole(object: Dataset<'_>, tag: Tag, keyword: &'static str) -> Result<Option<u32>, Problem> {
    match number(object, tag, keyword)? {
        None => Ok(None),
        Some(n) if n >= 0.0 && n <= f64::from(u32::MAX) && n.fract() == 0.0 => Ok(Some(n as u32)),
        Some(n) => Err(Problem::Value {
            keyword,
            found: n.to_string(),
            expected: "a whole number of 0 or more",
        }),
    }
}

/// The items of a sequence; none when it is absent.
pub(crate) fn items(object: Dataset<'_>, tag: Tag) -> Items<'_> {
    get(object, tag).and_then(|e| e.items()).unwrap_or(Items::none())
}

/// The first item of a sequence.
pub(crate) fn item(object: Dataset<'_>, tag: Tag) -> Option<Dataset<'_>> {
    items(object, tag).next()
}
