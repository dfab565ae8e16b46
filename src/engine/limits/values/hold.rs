//! Arrays that keep their share of a memory pool for as long as they live.

use datafusion::arrow::array::{Array, ArrayData, ArrayRef, make_array};
use datafusion::arrow::buffer::Buffer;
use datafusion::common::Result;
use datafusion::execution::memory_pool::MemoryReservation;

/// An array's memory, and what was reserved for it.
struct Held {
    buffer: Buffer,
    /// Given back when the last slice of the buffer is gone.
    _reservation: MemoryReservation,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        self.buffer.as_slice()
    }
}

/// The array, whose largest buffer gives `reservation` back when it is dropped.
pub fn hold(array: ArrayRef, reservation: MemoryReservation) -> Result<ArrayRef> {
    let data = array.to_data();
    drop(array);
    // An estimate may be high; what the array takes is known now.
    let bytes = data.get_array_memory_size();
    if bytes < reservation.size() {
        reservation.try_resize(bytes)?;
    }
    let largest = largest_buffer(&data);
    if largest == 0 {
        return Ok(make_array(data));
    }
    let mut reservation = Some(reservation);
    Ok(make_array(put(data, largest, &mut reservation)?))
}

fn largest_buffer(data: &ArrayData) -> usize {
    let own = data.buffers().iter().map(Buffer::len).max().unwrap_or(0);
    data.child_data().iter().map(largest_buffer).fold(own, usize::max)
}

/// Puts the reservation behind the first buffer of this length.
fn put(data: ArrayData, length: usize, reservation: &mut Option<MemoryReservation>) -> Result<ArrayData> {
    let buffers = data
        .buffers()
        .iter()
        .map(|buffer| match reservation.take_if(|_| buffer.len() == length) {
            Some(reservation) => Buffer::from(bytes::Bytes::from_owner(Held {
                buffer: buffer.clone(),
                _reservation: reservation,
            })),
            None => buffer.clone(),
        });
    let buffers = buffers.collect();
    let children = data.child_data().iter().cloned().map(|child| match reservation {
        Some(_) => put(child, length, reservation),
        None => Ok(child),
    });
    let children = children.collect::<Result<Vec<_>>>()?;
    Ok(data.into_builder().buffers(buffers).child_data(children).build()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::{Int64Array, ListArray, StringArray, StringViewArray, StructArray};
    use datafusion::arrow::datatypes::{DataType, Field, Int64Type};
    use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryConsumer, MemoryPool};
    use std::sync::Arc;

    #[test]
    fn memory_is_given_back_with_the_last_slice() {
        let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(1 << 30));
        let long = "a text that is too long for a view";
        let texts = StringArray::from(vec![Some(long), None, Some("b"), Some("é")]);
        let list = ListArray::from_iter_primitive::<Int64Type, _, _>(vec![Some(vec![Some(1), None]), None]);
        let field = Arc::new(Field::new("a", DataType::Utf8, true));
        let arrays: Vec<ArrayRef> = vec![
            Arc::new(texts.clone()),
            Arc::new(StringViewArray::from(vec![Some(long), None])),
            Arc::new(Int64Array::from(vec![1, 2, 3])),
            Arc::new(list),
            Arc::new(StructArray::from(vec![(field, Arc::new(texts) as ArrayRef)])),
            Arc::new(Int64Array::from(Vec::<i64>::new())),
        ];
        for array in arrays {
            let reservation = MemoryConsumer::new("test").register(&pool);
            reservation.try_grow(1 << 20).unwrap();
            let held = hold(Arc::clone(&array), reservation).unwrap();
            assert_eq!(&held, &array);
            if array.is_empty() {
                assert_eq!(pool.reserved(), 0);
                continue;
            }
            let reserved = pool.reserved();
            assert!(reserved > 0 && reserved < 100_000, "{reserved}");
            let slice = held.slice(0, 1);
            drop(held);
            assert_eq!(pool.reserved(), reserved);
            drop(slice);
            assert_eq!(pool.reserved(), 0);
        }
    }
}
