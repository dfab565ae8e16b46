//! Fits made by hand: those that no model gives.

use super::super::format::Expanded;
use super::*;
use datafusion::arrow::array::{AsArray, Float64Array, Int64Array, ListArray, StringArray};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::Field;

const LOOK: Look = Look {
    width: None,
    colours: false,
    expanded: Expanded::Off,
    rows: None,
};

fn floats(numbers: &[Option<f64>]) -> ArrayRef {
    Arc::new(Float64Array::from(numbers.to_vec()))
}

fn structs(columns: Vec<(&str, ArrayRef)>) -> ArrayRef {
    let columns = columns.into_iter().map(|(name, array)| {
        let field = Field::new(name, array.data_type().clone(), true);
        (Arc::new(field), array)
    });
    Arc::new(StructArray::from(columns.collect::<Vec<_>>()))
}

/// One list of all the elements.
fn list(items: ArrayRef) -> ArrayRef {
    let field = Arc::new(Field::new_list_field(items.data_type().clone(), true));
    Arc::new(ListArray::new(
        field,
        OffsetBuffer::from_lengths([items.len()]),
        items,
        None,
    ))
}

fn cox(names: &[&str], numbers: &[Option<f64>]) -> ArrayRef {
    let fields = ["coef", "hr", "hr_lower", "hr_upper", "se", "z", "p"];
    let mut terms: Vec<(&str, ArrayRef)> = vec![("term", Arc::new(StringArray::from(names.to_vec())))];
    terms.extend(fields.map(|name| (name, floats(numbers))));
    let test = || {
        structs(vec![
            ("chi2", floats(&[None])),
            ("df", Arc::new(Int64Array::from(vec![1]))),
            ("p", floats(&[None])),
        ])
    };
    structs(vec![
        ("n", Arc::new(Int64Array::from(vec![9]))),
        ("n_missing", Arc::new(Int64Array::from(vec![1]))),
        ("events", Arc::new(Int64Array::from(vec![4]))),
        ("terms", list(structs(terms))),
        ("lr", test()),
        ("wald", test()),
        ("score", test()),
        ("concordance", floats(&[None])),
        ("warning", Arc::new(StringArray::from(vec!["a\u{1b}[2J"]))),
    ])
}

#[test]
fn what_cannot_be_estimated_is_na_and_names_do_not_act() {
    let text = text(&cox(&["x\u{1b}", "y"], &[None, Some(0.5)]), 0, LOOK)
        .expect("text")
        .expect("a fit");
    assert!(
        text.starts_with("  n= 9, number of events= 4\n   (1 observation deleted due to missingness)\n\n"),
        "{text}"
    );
    let line = text.lines().find(|l| l.starts_with("x\\x1b")).expect("a line");
    assert_eq!(line.split_whitespace().skip(1).collect::<Vec<_>>(), ["NA"; 5], "{text}");
    assert!(
        text.contains("Concordance= NA  (se = NA )\n") && text.contains("p=NA"),
        "{text}"
    );
    assert!(text.ends_with("\nWarning: a\\x1b[2J\n"), "{text}");
}

#[test]
fn long_names_leave_room_for_numbers_on_a_terminal() {
    let name = "wavelet-LLH_glszm_SmallAreaHighGrayLevelEmphasis_of_the_largest_lesion";
    let look = Look {
        width: Some(70),
        ..LOOK
    };
    let text = text(&cox(&[name], &[Some(0.5)]), 0, look)
        .expect("text")
        .expect("a fit");
    assert!(text.lines().all(|l| width(l) <= 70), "{text}");
    assert!(text.contains("wavelet-LLH") && text.contains('…'), "{text}");
}

#[test]
fn what_lacks_a_field_is_no_fit() {
    let fit = cox(&["x"], &[Some(1.0)]);
    let others = fit.as_struct().columns().iter().zip(fit.as_struct().fields());
    let others = others
        .filter(|(_, f)| f.name() != "score")
        .map(|(a, f)| (Arc::clone(f), Arc::clone(a)));
    let less: ArrayRef = Arc::new(StructArray::from(others.collect::<Vec<_>>()));
    assert_eq!(text(&less, 0, LOOK).expect("no error"), None);
    assert_eq!(text(&floats(&[Some(1.0)]), 0, LOOK).expect("no error"), None);
    // A row that is not there is none.
    assert_eq!(text(&fit, 1, LOOK).expect("no error"), None);
}

#[test]
fn a_curve_shows_its_ends_where_rows_are_few() {
    let time: Vec<_> = (1..=9).map(|t| Some(f64::from(t))).collect();
    let one = vec![Some(1.0); 9];
    let names = ["n_risk", "n_event", "survival", "se", "lower", "upper"];
    let mut steps = vec![("time", floats(&time))];
    steps.extend(names.map(|name| (name, floats(&one))));
    let look = Look { rows: Some(4), ..LOOK };
    let text = text(&list(structs(steps)), 0, look).expect("text").expect("a fit");
    let firsts: Vec<_> = text
        .lines()
        .skip(3)
        .filter_map(|l| l.split_whitespace().next())
        .collect();
    assert_eq!(firsts, ["1", "2", "…", "8", "9", "5"], "{text}");
    assert!(text.ends_with("5 lines in the middle not shown\n"), "{text}");
}
