//! How large the results of functions will be, told from their arguments.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, GenericListArray, OffsetSizeTrait};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type, IntervalMonthDayNanoType, TimeUnit};
use datafusion::common::{Result, resources_err};
use datafusion::logical_expr::ColumnarValue;

/// How a function's result grows with its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// All arguments put together.
    Sum,
    /// All but the first put together, with the first between.
    Separated,
    /// The first argument as often as the second says.
    Repeat,
    /// A list of the first argument, as often as the second says.
    RepeatList,
    /// At least as many characters as the second argument says.
    Pad,
    /// As many elements as the second argument says.
    Resize,
    /// Numbers, days or times from the first argument to the second in steps of the third.
    Range,
    /// The first argument with the third in the place of the second.
    Replace,
    /// The first argument with the third in the place of what the second matches.
    ReplaceMatches,
    /// A list with the third argument in the place of the second.
    ReplaceElements,
    /// A list as a text, with the second argument between its elements.
    ListToText,
    /// A text as a list of texts.
    TextToList,
    /// Bytes as letters.
    Encode,
    /// A time by a pattern.
    Format,
    /// Nothing is made, but work is done that grows with the product of two texts.
    Product,
    /// Nothing but the type that a value gets can be large.
    TypeOnly,
}

/// How the results of a function grow, if without bounds.
pub fn growth_of(function: &str) -> Option<Growth> {
    Some(match function {
        "concat" | "overlay" | "array_concat" | "array_append" | "array_prepend" | "array_union" | "array_insert"
        | "make_array" | "arrays_zip" | "map" | "named_struct" | "struct" => Growth::Sum,
        "concat_ws" => Growth::Separated,
        "repeat" => Growth::Repeat,
        "array_repeat" => Growth::RepeatList,
        "lpad" | "rpad" => Growth::Pad,
        "array_resize" => Growth::Resize,
        "range" | "generate_series" => Growth::Range,
        "replace" => Growth::Replace,
        "regexp_replace" => Growth::ReplaceMatches,
        "array_replace" | "array_replace_n" | "array_replace_all" => Growth::ReplaceElements,
        "array_to_string" => Growth::ListToText,
        "string_to_array" => Growth::TextToList,
        "encode" => Growth::Encode,
        "to_char" => Growth::Format,
        "levenshtein" => Growth::Product,
        "arrow_cast" | "arrow_try_cast" | "cast_to_type" | "try_cast_to_type" => Growth::TypeOnly,
        _ => return None,
    })
}

/// Bytes of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// Of all rows.
    pub total: u128,
    /// Of the largest row.
    pub largest: u128,
}

/// Steps of work on one batch that a function without a result of note may take.
const WORK: u128 = 20_000_000_000;

impl Growth {
    /// The size of the result for a batch of rows. Rows are looked at one by one where their sum is above `exact`.
    pub fn size(self, args: &[ColumnarValue], rows: usize, exact: u64) -> Result<Size> {
        if self == Self::TypeOnly {
            return Ok(Size::default());
        }
        let args = args.iter().map(Argument::new).collect::<Result<Vec<_>>>()?;
        let constant = args.iter().all(|a| a.constant);
        if let (Self::Sum | Self::TextToList | Self::Encode | Self::Format, false) = (self, constant) {
            let sum: u128 = args.iter().map(|a| a.total(rows)).sum();
            let total = sum.saturating_mul(self.factor()) + 16 * rows as u128;
            // The sum bounds the largest.
            if total <= u128::from(exact) {
                return Ok(Size { total, largest: total });
            }
        }
        let mut size = Size::default();
        for row in 0..if constant { rows.min(1) } else { rows } {
            let one = self.row(&args, row);
            size.largest = size.largest.max(one);
            size.total = size.total.saturating_add(one);
        }
        if constant {
            size.total = size.largest.saturating_mul(rows as u128);
        }
        if self == Self::Product {
            if size.total > WORK {
                return resources_err!("the texts are too long to compare them letter by letter");
            }
            return Ok(Size::default());
        }
        Ok(size)
    }

    /// Bytes of the result by bytes of the argument, at most.
    fn factor(self) -> u128 {
        match self {
            // Letters, and where each begins.
            Self::TextToList => 6,
            Self::Encode => 2,
            // Names of months and days, and whole times, for two letters.
            Self::Format => 16,
            _ => 1,
        }
    }

    fn row(self, args: &[Argument], row: usize) -> u128 {
        let bytes = |i: usize| args.get(i).map_or(0, |a| a.bytes(row));
        let number = |i: usize| args.get(i).and_then(|a| a.number(row));
        let count = |i: usize| number(i).map_or(0, |n| u128::try_from(n).unwrap_or(0));
        match self {
            Self::Sum | Self::TextToList | Self::Encode | Self::Format => {
                (0..args.len()).map(bytes).sum::<u128>().saturating_mul(self.factor())
            }
            Self::Separated => {
                (1..args.len()).map(bytes).sum::<u128>() + bytes(0) * args.len().saturating_sub(2) as u128
            }
            Self::Repeat => bytes(0).saturating_mul(count(1)),
            // Numbers of rows are made on the way.
            Self::RepeatList => (bytes(0) + 16).saturating_mul(count(1)),
            Self::Pad => {
                let ascii = args.get(2).is_none_or(|a| a.is_ascii(row));
                bytes(0) + count(1).saturating_mul(if ascii { 1 } else { 4 })
            }
            // DataFusion takes a negative length for a large one.
            Self::Resize if number(1).is_some_and(i64::is_negative) => u128::MAX / 16,
            Self::Resize => bytes(0) + (bytes(2) + 16).saturating_mul(count(1)),
            Self::Range => args.first().map_or(0, |_| range(args, row).saturating_mul(8)),
            Self::Replace => args.first().map_or(0, |a| a.replaced(args.get(1), bytes(2), row)),
            Self::ReplaceMatches => {
                let global = args
                    .get(3)
                    .is_some_and(|a| a.text(row).is_some_and(|t| t.contains('g')));
                let matches = if global { bytes(0) + 1 } else { 1 };
                // Every second letter may stand for all that was matched.
                let all = match args.get(2).and_then(|a| a.text(row)) {
                    Some(to) if !to.contains('\\') && !to.contains('$') => 0,
                    _ => bytes(2) / 2,
                };
                bytes(0) + matches.saturating_mul(bytes(2)) + bytes(0).saturating_mul(all)
            }
            Self::ReplaceElements => bytes(0) + args.first().map_or(0, |a| a.elements(row)).saturating_mul(bytes(2)),
            Self::ListToText => {
                let elements = args.first().map_or(0, |a| a.elements(row));
                bytes(0).saturating_mul(4) + elements.saturating_mul(bytes(1) + bytes(2) + 8)
            }
            Self::Product => bytes(0).saturating_mul(bytes(1)),
            Self::TypeOnly => 0,
        }
    }
}

/// An argument: a value a row, or one for all.
struct Argument {
    array: ArrayRef,
    constant: bool,
    numbers: Option<ArrayRef>,
}

impl Argument {
    fn new(value: &ColumnarValue) -> Result<Self> {
        let (array, constant) = match value {
            ColumnarValue::Array(array) => (ArrayRef::clone(array), false),
            ColumnarValue::Scalar(value) => (value.to_array_of_size(1)?, true),
        };
        let numbers = match array.data_type() {
            t if t.is_integer() => Some(cast(&array, &DataType::Int64)?),
            _ => None,
        };
        Ok(Self {
            array,
            constant,
            numbers,
        })
    }

    fn at(&self, row: usize) -> usize {
        if self.constant { 0 } else { row }
    }

    fn total(&self, rows: usize) -> u128 {
        let bytes = bytes_of(&self.array);
        if self.constant {
            bytes.saturating_mul(rows as u128)
        } else {
            bytes
        }
    }

    fn bytes(&self, row: usize) -> u128 {
        bytes_at(&self.array, self.at(row))
    }

    fn number(&self, row: usize) -> Option<i64> {
        let numbers = self.numbers.as_ref()?.as_primitive::<Int64Type>();
        let row = self.at(row);
        numbers.is_valid(row).then(|| numbers.value(row))
    }

    fn text(&self, row: usize) -> Option<&str> {
        let row = self.at(row);
        if self.array.is_null(row) {
            return None;
        }
        match self.array.data_type() {
            DataType::Utf8 => Some(self.array.as_string::<i32>().value(row)),
            DataType::LargeUtf8 => Some(self.array.as_string::<i64>().value(row)),
            DataType::Utf8View => Some(self.array.as_string_view().value(row)),
            _ => None,
        }
    }

    fn is_ascii(&self, row: usize) -> bool {
        self.text(row).is_none_or(str::is_ascii)
    }

    /// Bytes of this text when what is `from` in it becomes a text of `to` bytes.
    fn replaced(&self, from: Option<&Self>, to: u128, row: usize) -> u128 {
        let bytes = self.bytes(row);
        let Some((text, from)) = self.text(row).zip(from.and_then(|f| f.text(row))) else {
            return bytes;
        };
        // A few are not worth counting.
        let most = bytes / (from.len().max(1) as u128) + 1;
        if most.saturating_mul(to) < 1 << 16 {
            return bytes + most * to;
        }
        bytes + to.saturating_mul(text.matches(from).count() as u128)
    }

    /// Elements of a list.
    fn elements(&self, row: usize) -> u128 {
        let row = self.at(row);
        if self.array.is_null(row) {
            return 0;
        }
        match self.array.data_type() {
            DataType::List(_) => leaves(&self.array.as_list::<i32>().value(row)),
            DataType::LargeList(_) => leaves(&self.array.as_list::<i64>().value(row)),
            DataType::FixedSizeList(..) => leaves(&self.array.as_fixed_size_list().value(row)),
            _ => 1,
        }
    }

    /// Milliseconds since 1970, of days and times.
    fn time(&self, row: usize) -> Option<i128> {
        let row = self.at(row);
        let unit = match self.array.data_type() {
            DataType::Timestamp(unit, _) => *unit,
            DataType::Date32 | DataType::Date64 => TimeUnit::Millisecond,
            _ => return None,
        };
        let array = match self.array.data_type() {
            DataType::Date32 => cast(&self.array, &DataType::Date64).and_then(|a| cast(&a, &DataType::Int64)),
            _ => cast(&self.array, &DataType::Int64),
        };
        let value = array.ok().filter(|a| a.is_valid(row))?;
        let value = i128::from(value.as_primitive::<Int64Type>().value(row));
        Some(match unit {
            TimeUnit::Second => value * 1000,
            TimeUnit::Millisecond => value,
            TimeUnit::Microsecond => value / 1000,
            TimeUnit::Nanosecond => value / 1_000_000,
        })
    }
}

/// Elements of a list, and of lists in it.
fn leaves(values: &ArrayRef) -> u128 {
    match values.data_type() {
        DataType::List(_) => values.len() as u128 + leaves(values.as_list::<i32>().values()),
        DataType::LargeList(_) => values.len() as u128 + leaves(values.as_list::<i64>().values()),
        DataType::FixedSizeList(..) => values.len() as u128 + leaves(values.as_fixed_size_list().values()),
        _ => values.len() as u128,
    }
}

/// Elements of a range; more than fit anywhere when its steps lead nowhere.
fn range(args: &[Argument], row: usize) -> u128 {
    let (Some(first), last) = (args.first(), args.get(1)) else {
        return 0;
    };
    if first.numbers.is_some() {
        let (start, stop) = match last {
            Some(last) => (first.number(row), last.number(row)),
            None => (Some(0), first.number(row)),
        };
        let step = args.get(2).map_or(Some(1), |a| a.number(row));
        let (Some(start), Some(stop), Some(step)) = (start, stop, step) else {
            return 0;
        };
        // A step of 0, and one away from the end, make no elements: one is refused, the other is empty.
        let towards = (step > 0 && stop >= start) || (step < 0 && stop <= start);
        return if towards {
            u128::from(start.abs_diff(stop)) / u128::from(step.unsigned_abs()) + 1
        } else {
            0
        };
    }
    let (Some(start), Some(stop)) = (first.time(row), last.and_then(|l| l.time(row))) else {
        return 0;
    };
    let Some(step) = args.get(2) else {
        return 0;
    };
    let at = step.at(row);
    if !matches!(step.array.data_type(), DataType::Interval(_)) || step.array.is_null(at) {
        return 0;
    }
    let interval = datafusion::arrow::datatypes::IntervalUnit::MonthDayNano;
    let Ok(steps) = cast(&step.array, &DataType::Interval(interval)) else {
        return u128::MAX / 16;
    };
    let (months, days, nanos) =
        IntervalMonthDayNanoType::to_parts(steps.as_primitive::<IntervalMonthDayNanoType>().value(at));
    // Days are all that counts for days.
    let nanos = if matches!(first.array.data_type(), DataType::Date32 | DataType::Date64) {
        0
    } else {
        nanos
    };
    let signs = [i64::from(months), i64::from(days), nanos].map(i64::signum);
    let (up, down) = (signs.contains(&1), signs.contains(&-1));
    if up && down {
        // A month forth and thirty days back may never arrive.
        return u128::MAX / 16;
    }
    let towards = (up && stop >= start) || (down && stop <= start);
    if !towards {
        return 0;
    }
    let day = 86_400_000_u128;
    let step = u128::from(months.unsigned_abs()) * 28 * day
        + u128::from(days.unsigned_abs()) * (day - 3_600_000)
        + u128::from(nanos.unsigned_abs()) / 1_000_000;
    // Steps below a millisecond are a thousandth of a thousandth at the shortest.
    let width = start.abs_diff(stop);
    match width.checked_div(step) {
        Some(steps) => steps + 2,
        None => width.saturating_mul(1_000_000) / u128::from(nanos.unsigned_abs().max(1)) + 2,
    }
}

/// Bytes that the values of an array take.
pub fn bytes_of(array: &ArrayRef) -> u128 {
    let all = array.len() as u128;
    match array.data_type() {
        DataType::Null => 0,
        DataType::Boolean => all,
        DataType::Utf8 => span(array.as_string::<i32>().value_offsets()),
        DataType::Binary => span(array.as_binary::<i32>().value_offsets()),
        DataType::LargeUtf8 => span(array.as_string::<i64>().value_offsets()),
        DataType::LargeBinary => span(array.as_binary::<i64>().value_offsets()),
        DataType::Utf8View => array.as_string_view().views().iter().map(|v| length_of_view(*v)).sum(),
        DataType::BinaryView => array.as_binary_view().views().iter().map(|v| length_of_view(*v)).sum(),
        DataType::List(_) => bytes_of_list(array.as_list::<i32>()),
        DataType::LargeList(_) => bytes_of_list(array.as_list::<i64>()),
        DataType::FixedSizeList(..) => bytes_of(array.as_fixed_size_list().values()),
        DataType::Struct(_) => array.as_struct().columns().iter().map(bytes_of).sum::<u128>() + all,
        other => match other.primitive_width() {
            Some(width) => width as u128 * all,
            None => array.get_array_memory_size() as u128,
        },
    }
}

/// The length of a text is in the low half of its view.
fn length_of_view(view: u128) -> u128 {
    view & u128::from(u32::MAX)
}

fn span<O: OffsetSizeTrait>(offsets: &[O]) -> u128 {
    match (offsets.first(), offsets.last()) {
        (Some(first), Some(last)) => last.as_usize().saturating_sub(first.as_usize()) as u128,
        _ => 0,
    }
}

fn bytes_of_list<O: OffsetSizeTrait>(list: &GenericListArray<O>) -> u128 {
    let offsets = list.value_offsets();
    let (Some(first), Some(last)) = (offsets.first(), offsets.last()) else {
        return 0;
    };
    let values = list
        .values()
        .slice(first.as_usize(), last.as_usize() - first.as_usize());
    bytes_of(&values) + 8 * list.len() as u128
}

/// Bytes of one value; none for NULL.
pub fn bytes_at(array: &ArrayRef, row: usize) -> u128 {
    if array.is_null(row) {
        return 0;
    }
    match array.data_type() {
        DataType::Utf8View => length_of_view(array.as_string_view().views()[row]),
        DataType::BinaryView => length_of_view(array.as_binary_view().views()[row]),
        _ => bytes_of(&array.slice(row, 1)),
    }
}
