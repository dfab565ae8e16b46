//! The names that somebody may have meant by one that is not there.

use std::collections::BTreeSet;

/// Suggestions are few: a longer list is no help.
const MOST: usize = 3;

/// The known names nearest to `name`, best first; none when all are far from it.
///
/// Capitals do not count. A name is near when at most a third of its letters, and no more than four, differ by
/// Damerau and Levenshtein's distance: letters put in, left out, replaced, or two neighbours exchanged. Where none is near,
/// those are meant that `name` is the beginning of, or the last words of, as `Sphericity` of `original_shape_Sphericity`.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = name.to_lowercase();
    let length = wanted.chars().count();
    if length == 0 {
        return vec![];
    }
    let known: Vec<(&str, String)> = known.into_iter().map(|k| (k, k.to_lowercase())).collect();
    let mut best = usize::MAX;
    let mut found: Vec<&str> = vec![];
    for (candidate, lower) in &known {
        let other = lower.chars().count();
        let limit = limit(length.max(other)).min(best);
        if length.abs_diff(other) > limit {
            continue;
        }
        let distance = strsim::damerau_levenshtein(&wanted, lower);
        if distance > limit {
            continue;
        }
        if distance < best {
            best = distance;
            found.clear();
        }
        found.push(candidate);
    }
    if found.is_empty() && length >= 3 {
        let parts = known.iter().filter(|(_, lower)| is_part(&wanted, lower));
        found = parts.map(|(candidate, _)| *candidate).collect();
    }
    let mut seen = BTreeSet::new();
    found.retain(|f| seen.insert(*f));
    found.truncate(MOST);
    found
}

/// How many letters may differ in names of this length.
fn limit(length: usize) -> usize {
    (length / 3).min(4)
}

/// Whether a name begins with these words, or ends with them.
fn is_part(part: &str, name: &str) -> bool {
    let ends = || {
        name.strip_suffix(part)
            .is_some_and(|rest| rest.ends_with(['_', '.', '-']))
    };
    name.starts_with(part) || ends()
}

/// "did you mean 'a', 'b' or 'c'?", each name quoted by `quote`; nothing without names.
pub fn did_you_mean(names: &[&str], quote: impl Fn(&str) -> String) -> Option<String> {
    let quoted: Vec<String> = names.iter().map(|n| quote(n)).collect();
    let (last, before) = quoted.split_last()?;
    Some(match before {
        [] => format!("did you mean {last}?"),
        _ => format!("did you mean {} or {last}?", before.join(", ")),
    })
}

/// A name in single quotes, as messages show names.
pub fn quoted(name: &str) -> String {
    format!("'{name}'")
}

/// A column or table as it is written in SQL: within double quotes where it is no plain word, else as messages show names.
pub fn spelt(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    match name.chars().all(plain) && !name.starts_with(|c: char| c.is_ascii_digit()) {
        true => quoted(name),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

/// Names for people to read, the first `most` of them and how many more there are.
pub fn some_of<'a>(names: impl IntoIterator<Item = &'a str>, most: usize) -> String {
    let mut names = names.into_iter();
    let shown: Vec<&str> = names.by_ref().take(most).collect();
    match names.count() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_near() {
        let columns = ["patient_id", "survival_time", "dead", "sex", "Age", "s"];
        for (name, meant) in [
            ("surival_time", &["survival_time"][..]),
            ("survival_tiem", &["survival_time"]),
            ("SURVIVAL_TIME", &["survival_time"]),
            ("age", &["Age"]),
            ("Agee", &["Age"]),
            ("patient", &["patient_id"]),
            ("time", &["survival_time"]),
            ("sexx", &["sex"]),
            ("S", &["s"]),
        ] {
            assert_eq!(nearest(name, columns), meant, "{name}");
        }
    }

    #[test]
    fn nonsense_is_not_suggested() {
        let columns = ["patient_id", "survival_time", "dead", "sex", "Age", "s", "ab"];
        for name in ["zzzzqqq", "xy", "", "x", "os", "event", "ac", "sixty", "tumour_volume"] {
            assert!(
                nearest(name, columns).is_empty(),
                "{name}: {:?}",
                nearest(name, columns)
            );
        }
        assert!(nearest("now", ["cox", "wow2", "nth"]).is_empty());
    }

    #[test]
    fn equally_near_names_are_all_told_but_not_many() {
        assert_eq!(nearest("col_x", ["col_1", "col_2", "other"]), ["col_1", "col_2"]);
        assert_eq!(
            nearest("col_x", ["col_1", "col_1", "col_2", "col_3", "col_4"]).len(),
            MOST
        );
        let features = ["original_shape_Sphericity", "original_shape_Elongation"];
        assert_eq!(nearest("sphericity", features), ["original_shape_Sphericity"]);
        assert_eq!(
            nearest("original_shape_Spherisity", features),
            ["original_shape_Sphericity"]
        );
        assert!(nearest("ation", features).is_empty());
    }

    #[test]
    fn names_for_people() {
        assert_eq!(did_you_mean(&[], quoted), None);
        assert_eq!(did_you_mean(&["a"], spelt).unwrap(), "did you mean 'a'?");
        assert_eq!(
            did_you_mean(&["a", "b-1", "c"], spelt).unwrap(),
            "did you mean 'a', \"b-1\" or 'c'?"
        );
        assert_eq!(some_of(["a", "b", "c"], 2), "a, b and 1 more");
        assert_eq!(some_of(["a", "b"], 2), "a, b");
        assert_eq!(some_of([], 2), "");
    }
}
