//! Values of attributes, as numbers and trimmed text.

use crate::error::Problem;
use dicom_core::Tag;
use dicom_object::InMemDicomObject;
use dicom_object::mem::InMemElement;

/// An element, if it is there. A tag that is missing in the list of those that are read would always seem absent.
pub(crate) fn get(object: &InMemDicomObject, tag: Tag) -> Option<&InMemElement> {
    debug_assert!(crate::wanted::is_read(tag), "{tag} is not listed");
    object.get(tag)
}

/// The value as text without padding; none when it is absent or empty.
pub(crate) fn text(object: &InMemDicomObject, tag: Tag) -> Option<String> {
    let text = get(object, tag)?.value().to_str().ok()?;
    let text = text.trim_matches(|c: char| c == '\0' || c.is_whitespace());
    (!text.is_empty()).then(|| text.to_owned())
}

/// The value as numbers; none when it is absent or empty.
pub(crate) fn numbers(object: &InMemDicomObject, tag: Tag, keyword: &'static str) -> Result<Option<Vec<f64>>, Problem> {
    let Some(element) = get(object, tag) else {
        return Ok(None);
    };
    let wrong = || Problem::Value {
        keyword,
        found: "a value that is no number".to_owned(),
        expected: "numbers",
    };
    if element.value().primitive().is_some_and(|p| p.calculate_byte_len() == 0) {
        return Ok(None);
    }
    if text(object, tag).is_none() {
        return Ok(None);
    }
    let numbers = element.value().to_multi_float64().map_err(|_| wrong())?;
    if numbers.iter().any(|n| !n.is_finite()) {
        return Err(wrong());
    }
    Ok(Some(numbers))
}

/// Exactly `N` numbers.
pub(crate) fn array<const N: usize>(
    object: &InMemDicomObject,
    tag: Tag,
    keyword: &'static str,
) -> Result<Option<[f64; N]>, Problem> {
    let Some(found) = numbers(object, tag, keyword)? else {
        return Ok(None);
    };
    let count = found.len();
    found.try_into().map(Some).map_err(|_| Problem::Value {
        keyword,
        found: format!("{count} numbers"),
        expected: match N {
            2 => "2 numbers",
            3 => "3 numbers",
            _ => "6 numbers",
        },
    })
}

/// The first number.
pub(crate) fn number(object: &InMemDicomObject, tag: Tag, keyword: &'static str) -> Result<Option<f64>, Problem> {
    Ok(numbers(object, tag, keyword)?.and_then(|n| n.first().copied()))
}

/// A number that must be whole and not negative.
pub(crate) fn whole(object: &InMemDicomObject, tag: Tag, keyword: &'static str) -> Result<Option<u32>, Problem> {
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
pub(crate) fn items(object: &InMemDicomObject, tag: Tag) -> &[InMemDicomObject] {
    get(object, tag).and_then(|e| e.items()).unwrap_or(&[])
}

/// The first item of a sequence.
pub(crate) fn item(object: &InMemDicomObject, tag: Tag) -> Option<&InMemDicomObject> {
    items(object, tag).first()
}
