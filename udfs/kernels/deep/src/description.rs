use crate::Orientation;

/// How clipped Hounsfield units (or whatever the image holds) become the network's numbers, in float32.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Normalization {
    /// `"unit"`: (v - low) / (high - low) of the value range, so that it becomes [0, 1].
    Unit,
    /// `"none"`: the clipped values as they are.
    None,
    /// `{"mean": m, "std": s}`: (v - mean) / std, both in the image's unit.
    MeanStd {
        /// The mean, in the image's unit.
        mean: f32,
        /// The standard deviation, in the image's unit; more than 0.
        std: f32,
    },
}

/// What a model expects and gives, as `name.json` says it. Nothing in it is impossible: it is checked when it is read.
///
/// ```json
/// {
///   "name": "resnet10", "version": "1", "description": "free text",
///   "spatial_shape": [64, 64, 64],
///   "spacing": [1.0, 1.0, 1.0],
///   "orientation": "LPS",
///   "value_range": [-1024, 2048],
///   "normalize": "unit",
///   "pad_value": -1024,
///   "output": "features",
///   "output_dim": 256,
///   "sha256": "64 hexadecimal digits"
/// }
/// ```
///
/// Three keys are optional: `name`, `version` and `description`. Axes are those of the network's input tensor,
/// `(1, 1, first, second, third)`, float32.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelDescription {
    pub(crate) name: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) spatial_shape: [usize; 3],
    pub(crate) spacing: [f64; 3],
    pub(crate) orientation: Orientation,
    pub(crate) value_range: [f32; 2],
    pub(crate) normalize: Normalization,
    pub(crate) pad_value: f32,
    pub(crate) output: String,
    pub(crate) output_dim: usize,
    pub(crate) sha256: String,
}

impl ModelDescription {
    /// The model's name, if the description has one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The model's version, free text.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// What the model is, free text.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Voxels of the input along the tensor's three axes.
    pub fn spatial_shape(&self) -> [usize; 3] {
        self.spatial_shape
    }

    /// Voxels of the input.
    pub fn voxels(&self) -> usize {
        self.spatial_shape.iter().product()
    }

    /// Millimetres between the centres of the input's voxels along the tensor's three axes.
    pub fn spacing(&self) -> [f64; 3] {
        self.spacing
    }

    /// Which way the tensor's three axes run.
    pub fn orientation(&self) -> Orientation {
        self.orientation
    }

    /// Values below the first become it, values above the second become that; in the image's unit (HU for CT).
    pub fn value_range(&self) -> [f32; 2] {
        self.value_range
    }

    /// How clipped values become the network's numbers.
    pub fn normalize(&self) -> Normalization {
        self.normalize
    }

    /// What lies outside the image, in its unit; it is clipped and normalised as the voxels are.
    pub fn pad_value(&self) -> f32 {
        self.pad_value
    }

    /// Name of the network's output that is taken. A TorchScript network that gives one tensor has no names.
    pub fn output(&self) -> &str {
        &self.output
    }

    /// Numbers that the network gives for one input.
    pub fn output_dim(&self) -> usize {
        self.output_dim
    }

    /// SHA-256 of the file of weights, 64 lower-case hexadecimal digits.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// All that decides the network's output for an image, as one line of text: for the key of a cache, together with the
    /// engine. Equal descriptions have equal text; names and free text are left out.
    pub fn key(&self) -> String {
        let Self {
            spatial_shape: [a, b, c],
            spacing: [u, v, w],
            value_range: [low, high],
            pad_value,
            orientation,
            output,
            output_dim,
            sha256,
            ..
        } = self;
        let normalize = match self.normalize {
            Normalization::Unit => "unit".to_owned(),
            Normalization::None => "none".to_owned(),
            Normalization::MeanStd { mean, std } => format!("mean {mean} std {std}"),
        };
        format!(
            "sha256={sha256} shape={a},{b},{c} spacing={u},{v},{w} orientation={orientation} range={low},{high} \
             normalize={normalize} pad={pad_value} output={output:?}/{output_dim}"
        )
    }
}
