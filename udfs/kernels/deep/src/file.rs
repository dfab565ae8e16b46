use crate::embedder::Device;
use crate::tract::Tract;
use crate::{DeepError, Embedder, Limits, ModelDescription};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The format of a file of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ModelFormat {
    /// `.onnx`
    Onnx,
    /// `.ts.pt`
    TorchScript,
}

impl ModelFormat {
    const ALL: [Self; 2] = [Self::Onnx, Self::TorchScript];

    fn ending(self) -> &'static str {
        match self {
            Self::Onnx => ".onnx",
            Self::TorchScript => ".ts.pt",
        }
    }

    /// Its name: `onnx`, `torchscript`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Onnx => "onnx",
            Self::TorchScript => "torchscript",
        }
    }
}

/// A file of weights and its description, both read, the weights' hash found to be the description's.
#[derive(Debug, Clone)]
pub struct ModelFile {
    path: PathBuf,
    stem: String,
    format: ModelFormat,
    description: ModelDescription,
    bytes: Vec<u8>,
    limits: Limits,
}

impl ModelFile {
    /// Reads `name.onnx` or `name.ts.pt`, and `name.json` beside it.
    ///
    /// # Errors
    /// As [`ModelFile::read_with`].
    pub fn read(path: impl AsRef<Path>, limits: &Limits) -> Result<Self, DeepError> {
        Self::read_with(path, &[], limits)
    }

    /// As [`ModelFile::read`], with keys of the description replaced: see [`ModelDescription::parse`].
    ///
    /// # Errors
    /// [`DeepError::Format`] for another ending, [`DeepError::NoDescription`], [`DeepError::Io`], [`DeepError::FileSize`],
    /// [`DeepError::Sha256`], and those of [`ModelDescription::parse`].
    pub fn read_with(path: impl AsRef<Path>, overrides: &[(&str, &str)], limits: &Limits) -> Result<Self, DeepError> {
        let path = path.as_ref();
        let file: Box<str> = path.display().to_string().into();
        let name = path.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
        let (stem, format) = ModelFormat::ALL
            .iter()
            .find_map(|format| Some((name.strip_suffix(format.ending())?, *format)))
            .filter(|(stem, _)| !stem.is_empty())
            .ok_or_else(|| DeepError::Format { file: file.clone() })?;
        let beside = path.with_file_name(format!("{stem}.json"));
        let json_file: Box<str> = beside.display().to_string().into();
        let text = match read_all(&beside, limits.description_bytes) {
            Err(DeepError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound && path.exists() => {
                return Err(DeepError::NoDescription {
                    file,
                    expected: json_file,
                });
            }
            // Of two files that are not there, the one that was asked for is named.
            Err(DeepError::Io { source, .. }) if !path.exists() => return Err(DeepError::Io { file, source }),
            other => other?,
        };
        let text = String::from_utf8(text).map_err(|_| DeepError::Json {
            file: json_file.clone(),
            reason: "it is not UTF-8".into(),
        })?;
        let description = ModelDescription::parse(&json_file, &text, overrides, limits)?;
        let bytes = read_all(path, limits.file_bytes)?;
        let found: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        if found != description.sha256() {
            return Err(DeepError::Sha256 {
                file,
                found,
                expected: description.sha256().to_owned(),
            });
        }
        Ok(Self {
            path: path.to_owned(),
            stem: stem.to_owned(),
            format,
            description,
            bytes,
            limits: *limits,
        })
    }

    /// The file of weights.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file of weights, as errors name it.
    pub(crate) fn shown(&self) -> Box<str> {
        self.path.display().to_string().into()
    }

    /// The description's name, or the file's without its ending.
    pub fn name(&self) -> &str {
        self.description.name().unwrap_or(&self.stem)
    }

    /// The format of the weights.
    pub fn format(&self) -> ModelFormat {
        self.format
    }

    /// What the model expects and gives.
    pub fn description(&self) -> &ModelDescription {
        &self.description
    }

    /// The bytes of the weights' file, whose hash was checked.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Makes the network ready to run: ONNX with tract, TorchScript with libtorch. It runs once, on an empty input, so that
    /// what cannot run is known here.
    ///
    /// # Errors
    /// [`DeepError::Model`] when the engine cannot use the file, [`DeepError::InputShape`], [`DeepError::OutputName`] and
    /// [`DeepError::OutputShape`] when it is not what the description says, [`DeepError::ExternalData`],
    /// [`DeepError::Intermediate`], [`DeepError::Device`], [`DeepError::NoTorch`].
    pub fn embedder(&self, device: Device) -> Result<Arc<dyn Embedder>, DeepError> {
        match (self.format, device) {
            (ModelFormat::Onnx, Device::Cpu) => Ok(Arc::new(Tract::load(self)?)),
            (ModelFormat::Onnx, Device::Cuda(number)) => Err(DeepError::Device {
                device: format!("cuda:{number}"),
                reason: "ONNX models run on the processor; a GPU needs TorchScript".into(),
            }),
            #[cfg(feature = "tch")]
            (ModelFormat::TorchScript, _) => Ok(Arc::new(crate::torchscript::TorchScript::load(self, device)?)),
            #[cfg(not(feature = "tch"))]
            (ModelFormat::TorchScript, _) => Err(DeepError::NoTorch { file: self.shown() }),
        }
    }
}

/// The bytes of a file, of which at most `limit` and one are read.
fn read_all(path: &Path, limit: u64) -> Result<Vec<u8>, DeepError> {
    let file: Box<str> = path.display().to_string().into();
    let io = |source| DeepError::Io {
        file: file.clone(),
        source,
    };
    // Before it is opened: a pipe would wait for a writer.
    let metadata = std::fs::metadata(path).map_err(io)?;
    if !metadata.is_file() {
        return Err(io(std::io::Error::other("it is not a file")));
    }
    let mut opened = File::open(path).map_err(io)?;
    let found = metadata.len();
    let too_large = |found| DeepError::FileSize {
        file: file.clone(),
        found,
        limit,
    };
    if found > limit {
        return Err(too_large(found));
    }
    let mut bytes = Vec::new();
    (&mut opened)
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(io)?;
    if bytes.len() as u64 > limit {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(bytes)
}
