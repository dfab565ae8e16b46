use crate::DeepError;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A network that is ready to run. One is shared by all threads; each call runs on the thread that makes it.
///
/// The same input gives the same bits on one machine, at any number of threads.
pub trait Embedder: Send + Sync {
    /// The engine's name, with the device where there are several: `tract`, `tch-cpu`, `tch-cuda:0`.
    fn engine(&self) -> &str;

    /// The engine's version.
    fn engine_version(&self) -> &str;

    /// Voxels of the input along the tensor's three axes.
    fn input_shape(&self) -> [usize; 3];

    /// Numbers that come out for one input.
    fn output_dim(&self) -> usize;

    /// About how many bytes one call of [`Embedder::embed`] takes, weights not counted: known from the network's shapes with
    /// tract, an estimate with libtorch.
    fn memory_needed(&self) -> usize;

    /// The features of one input, the tensor's last axis fastest: what [`Crop::input`](crate::Crop::input) gives.
    ///
    /// # Errors
    /// [`DeepError::InputLength`]; [`DeepError::InputNotFinite`]; [`DeepError::NotFinite`] when one of the outputs is NaN or infinite; [`DeepError::Run`]
    /// when the engine fails.
    fn embed(&self, input: &[f32]) -> Result<Vec<f32>, DeepError>;
}

/// Where a network runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Device {
    /// The processor.
    #[default]
    Cpu,
    /// The CUDA GPU of this number; only TorchScript, with the feature `tch`.
    Cuda(usize),
}

/// Checks an input's length, and that it is finite: a rectifier may make a number of NaN, differently in every engine.
pub(crate) fn check_input(input: &[f32], shape: [usize; 3]) -> Result<(), DeepError> {
    let expected = shape.iter().product();
    if input.len() != expected {
        return Err(DeepError::InputLength {
            found: input.len(),
            expected,
        });
    }
    match input.iter().position(|v| !v.is_finite()) {
        Some(index) => Err(DeepError::InputNotFinite {
            index,
            value: input[index],
        }),
        None => Ok(()),
    }
}

/// Refuses outputs that are not finite.
pub(crate) fn check_output(output: Vec<f32>) -> Result<Vec<f32>, DeepError> {
    match output.iter().position(|v| !v.is_finite()) {
        Some(index) => Err(DeepError::NotFinite {
            index,
            value: output[index],
        }),
        None => Ok(output),
    }
}

/// Runs what others wrote; a panic in it becomes the reason why it failed.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        Err(format!("it panicked: {text}"))
    })
}

/// Whether an output's shape is that of `dim` numbers of one input: (1, dim), (dim), or with further axes of length 1.
pub(crate) fn is_output_of(shape: &[i64], dim: usize) -> bool {
    shape.iter().filter(|&&n| n != 1).count() <= 1
        && shape.iter().try_fold(1i64, |n, &k| n.checked_mul(k)) == i64::try_from(dim).ok()
}

/// A shape in words.
pub(crate) fn shape_text<T: std::fmt::Display>(shape: impl IntoIterator<Item = T>) -> String {
    let axes: Vec<String> = shape.into_iter().map(|n| n.to_string()).collect();
    format!("({})", axes.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_with_its_message() {
        let found: Result<(), String> = guarded(|| panic!("of {}", "numbers"));
        assert_eq!(found, Err("it panicked: of numbers".to_owned()));
        assert_eq!(guarded(|| Ok(3)), Ok(3));
    }

    #[test]
    fn outputs() {
        assert!(is_output_of(&[1, 8], 8) && is_output_of(&[8], 8) && is_output_of(&[1, 8, 1, 1, 1], 8));
        assert!(!is_output_of(&[2, 4], 8) && !is_output_of(&[8, 8], 8) && !is_output_of(&[1, 7], 8));
        assert!(is_output_of(&[1, 1], 1) && is_output_of(&[], 1));
        assert!(matches!(
            check_output(vec![1.0, f32::NAN]),
            Err(DeepError::NotFinite { index: 1, .. })
        ));
    }
}
