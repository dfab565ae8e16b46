//! Deep features: from a scan and a mask to the output of a neural network.
//!
//! A model is a file of weights beside its description (`name.onnx` and `name.json`, [`ModelFile`]). The description says
//! how a scan becomes the network's input, in the vocabulary of a MONAI bundle ([`ModelDescription`]); [`Crop`] does it, from
//! no more of the image than is needed. An [`Embedder`] runs the network: tract for ONNX, and with the feature `tch` libtorch
//! for TorchScript, on a processor or a GPU.
//!
//! One call of an embedder runs on one thread, and gives the same bits whatever else runs. Outputs are within 1e-5 of
//! PyTorch's for the models in `tests/golden/deep`, not its bits.
//!
//! A model file is not believed: its hash has to be the description's, sizes are limited ([`Limits`]), tensors in other files
//! are refused, and a panic in the engine is an error. What a network computes from its own constants while it is made ready
//! is not limited, though: models of strangers need a limit on the process's memory.
//!
//! ```no_run
//! use radsql_deep::{Crop, Device, Embedder, Limits, ModelFile};
//! use std::sync::atomic::AtomicBool;
//! # use radsql_volume::{Bounds, Grid, Mask, Volume};
//! # fn run(image: Grid, mask: Mask, read: impl Fn(&Bounds) -> Volume) -> Result<(), radsql_deep::DeepError> {
//! let file = ModelFile::read("models/resnet10.onnx", &Limits::default())?;
//! let model = file.embedder(Device::Cpu)?;
//! let crop = Crop::new(file.description(), &image, &mask)?;
//! let part = read(&crop.image_box());
//! let input = crop.input(&part, &crop.image_box(), &AtomicBool::new(false))?;
//! let features: Vec<f32> = model.embed(&input)?;
//! # Ok(()) }
//! ```

mod crop;
mod description;
mod embedder;
mod error;
mod file;
mod limits;
mod onnx;
mod orientation;
mod parse;
#[cfg(feature = "tch")]
mod torchscript;
mod tract;

pub use crop::Crop;
pub use description::{ModelDescription, Normalization};
pub use embedder::{Device, Embedder};
pub use error::DeepError;
pub use file::{ModelFile, ModelFormat};
pub use limits::Limits;
pub use orientation::Orientation;
