use radsql_volume::VolumeError;

/// What can be wrong with a model, or with what it is given.
///
/// Displays as one sentence, which names the file where there is one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeepError {
    /// The operating system could not open or read it.
    #[error("{file} cannot be read: {source}")]
    Io {
        /// The file.
        file: Box<str>,
        /// What the system says.
        source: std::io::Error,
    },
    /// A model without the file that describes it.
    #[error("{file} has no description: {expected} should lie beside it")]
    NoDescription {
        /// The model's file.
        file: Box<str>,
        /// The file that is not there.
        expected: Box<str>,
    },
    /// Neither ONNX nor TorchScript, by its name.
    #[error("{file} is not a model: its name should end in .onnx, or in .ts.pt for TorchScript")]
    Format {
        /// The file.
        file: Box<str>,
    },
    /// The engine for the format is not part of this program.
    #[error("{file} is TorchScript, which needs a radsql that was built with the feature tch; ONNX needs none")]
    NoTorch {
        /// The file.
        file: Box<str>,
    },
    /// A file larger than the limit.
    #[error("{file} has {found} bytes; at most {limit} are read")]
    FileSize {
        /// The file.
        file: Box<str>,
        /// Its bytes, or how many were seen when reading ended.
        found: u64,
        /// Most that are read.
        limit: u64,
    },
    /// A description that is not a JSON object.
    #[error("{file} is not a description of a model: {reason}; expected is a JSON object")]
    Json {
        /// The description's file.
        file: Box<str>,
        /// What is wrong.
        reason: String,
    },
    /// A key that no description has.
    #[error("{file} has the key {key:?}, which is not known; known are {known}")]
    UnknownKey {
        /// The description's file.
        file: Box<str>,
        /// The key.
        key: String,
        /// All that are known.
        known: String,
    },
    /// A key that every description needs.
    #[error("{file} has no {key}; expected is {expected}")]
    MissingKey {
        /// The description's file.
        file: Box<str>,
        /// The key.
        key: &'static str,
        /// What its value should be.
        expected: &'static str,
    },
    /// A value of the wrong type, or one that is not possible.
    #[error("{file} has {found} as {key}; expected is {expected}")]
    Value {
        /// The description's file.
        file: Box<str>,
        /// The key.
        key: &'static str,
        /// What it is.
        found: String,
        /// What it should be.
        expected: String,
    },
    /// The weights are not those that the description was written for.
    #[error("{file} has the SHA-256 {found}; its description expects {expected}")]
    Sha256 {
        /// The file of weights.
        file: Box<str>,
        /// Its hash.
        found: String,
        /// The description's.
        expected: String,
    },
    /// The engine cannot use the file.
    #[error("{file} is not a model that {engine} can run: {reason}")]
    Model {
        /// The file of weights.
        file: Box<str>,
        /// The engine's name.
        engine: &'static str,
        /// What it says.
        reason: String,
    },
    /// Weights in other files, which the hash does not cover.
    #[error(
        "{file} keeps the tensor {tensor:?} in another file, which its SHA-256 does not cover; export it with all weights \
         in one file"
    )]
    ExternalData {
        /// The file of weights.
        file: Box<str>,
        /// The tensor.
        tensor: String,
    },
    /// The network's input is not what the description says.
    #[error("{file} takes {found}; its description expects {expected}")]
    InputShape {
        /// The file of weights.
        file: Box<str>,
        /// What it takes.
        found: String,
        /// What the description says.
        expected: String,
    },
    /// There is no output of the name.
    #[error("{file} has no output {name:?}; it has {found}")]
    OutputName {
        /// The file of weights.
        file: Box<str>,
        /// The name in the description.
        name: String,
        /// Those that are there.
        found: String,
    },
    /// The network's output is not what the description says.
    #[error("{file} gives {found} as {name:?}; its description expects {expected}")]
    OutputShape {
        /// The file of weights.
        file: Box<str>,
        /// The output's name.
        name: String,
        /// What it gives.
        found: String,
        /// What the description says.
        expected: String,
    },
    /// Intermediate results that take too much memory.
    #[error("{file} makes intermediate results of {found} bytes in one run; at most {limit} are allowed")]
    Intermediate {
        /// The file of weights.
        file: Box<str>,
        /// Their bytes.
        found: u64,
        /// Most that are allowed.
        limit: u64,
    },
    /// The device is not there.
    #[error("there is no device {device}: {reason}")]
    Device {
        /// What was asked for.
        device: String,
        /// Why it cannot be used.
        reason: String,
    },
    /// The engine failed on an input.
    #[error("{engine} failed: {reason}")]
    Run {
        /// The engine's name.
        engine: &'static str,
        /// What it says.
        reason: String,
    },
    /// An input of the wrong length.
    #[error("the input has {found} numbers, the model takes {expected}")]
    InputLength {
        /// Numbers given.
        found: usize,
        /// Voxels of the model's input.
        expected: usize,
    },
    /// An input with NaN or infinity in it.
    #[error("the input has {value} as number {index}; all have to be finite")]
    InputNotFinite {
        /// Which of its numbers, from 0.
        index: usize,
        /// What it is.
        value: f32,
    },
    /// A voxel that the crop needs is not a number.
    #[error("the image has NaN at {at:?} mm (LPS), within the crop that the model sees")]
    NotANumber {
        /// Physical point of the crop's first voxel without a value, LPS, mm.
        at: [f64; 3],
    },
    /// The network gave NaN or infinity.
    #[error("the model gave {value} as output {index}; features have to be finite")]
    NotFinite {
        /// Which of the outputs, from 0.
        index: usize,
        /// What it is.
        value: f32,
    },
    /// Image and mask do not lie on one grid, or the voxels given are not those needed.
    #[error(transparent)]
    Volume(VolumeError),
    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

impl From<VolumeError> for DeepError {
    fn from(error: VolumeError) -> Self {
        match error {
            VolumeError::Cancelled => Self::Cancelled,
            other => Self::Volume(other),
        }
    }
}
