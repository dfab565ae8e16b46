//! The models of a session.

use crate::files::{FilePolicy, Forbidden};
use datafusion::common::{Result, exec_datafusion_err, exec_err};
use radsql_deep::{DeepError, Device, Embedder, Limits, ModelDescription, ModelFile};
use radsql_imaging::identity;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Models that were opened by path and stay open.
const MOST_BY_PATH: usize = 16;

/// A model that is ready to run.
pub struct Model {
    name: String,
    file: ModelFile,
    embedder: Arc<dyn Embedder>,
}

impl Model {
    /// Reads a model and makes it ready: whatever is wrong with it is said now and not on row 1000.
    ///
    /// # Errors
    /// [`DeepError`], which names the file.
    fn open(
        name: &str,
        path: &Path,
        overrides: &[(&str, &str)],
        device: Device,
    ) -> std::result::Result<Self, DeepError> {
        let file = ModelFile::read_with(path, overrides, &Limits::default())?;
        let embedder = file.embedder(device)?;
        Ok(Self {
            name: name.to_owned(),
            file,
            embedder,
        })
    }

    /// Its name in SQL.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its file.
    pub fn file(&self) -> &ModelFile {
        &self.file
    }

    /// What its network takes and gives.
    pub fn description(&self) -> &ModelDescription {
        self.file.description()
    }

    /// The network.
    pub fn embedder(&self) -> &dyn Embedder {
        &*self.embedder
    }

    /// All that decides its answers: weights, preprocessing and engine.
    pub fn key(&self) -> String {
        let engine = &self.embedder;
        format!(
            "{} engine={} {}",
            self.description().key(),
            engine.engine(),
            engine.engine_version()
        )
    }
}

/// What a file was when its model was opened.
type State = [Option<[u8; 56]>; 2];

/// The models of a session, by name and by path.
#[derive(Default)]
pub struct Models {
    files: FilePolicy,
    named: Mutex<BTreeMap<String, Arc<Model>>>,
    opened: Mutex<HashMap<PathBuf, (State, Arc<Model>)>>,
}

impl std::fmt::Debug for Models {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Models").finish_non_exhaustive()
    }
}

/// What to do when there is a model of the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// An error.
    Refuse,
    /// The new one takes its place.
    Replace,
    /// It stays.
    Keep,
}

impl Models {
    /// No models yet; their files may lie where `files` says.
    pub fn new(files: FilePolicy) -> Self {
        Self {
            files,
            ..Self::default()
        }
    }

    /// Refuses a model whose file, or the description beside it, may not be read.
    fn check(&self, path: &Path) -> std::result::Result<(), Forbidden> {
        self.files.read_with_others(path)?;
        match description_of(path).is_none_or(|beside| self.files.may_read(&beside)) {
            true => Ok(()),
            false => Err(Forbidden::to_read(path)),
        }
    }

    /// Opens a model and gives it a name. `options` take the place of keys of its description; `device` (`cpu`, `cuda`,
    /// `cuda:1`) says where it runs.
    ///
    /// # Errors
    /// When the model cannot be used, or there is one of the name and that is refused.
    pub fn create(&self, name: &str, path: &Path, options: &[(&str, &str)], existing: Existing) -> Result<()> {
        if lock(&self.named).contains_key(name) {
            match existing {
                Existing::Refuse => {
                    return exec_err!(
                        "CREATE MODEL: there is a model '{name}' already; CREATE OR REPLACE MODEL replaces it"
                    );
                }
                Existing::Keep => return Ok(()),
                Existing::Replace => {}
            }
        }
        let mut device = Device::Cpu;
        let mut overrides = vec![];
        for (key, value) in options {
            match *key {
                "device" => match parse_device(value) {
                    Some(found) => device = found,
                    None => {
                        return exec_err!("CREATE MODEL {name}: device is 'cpu', 'cuda' or 'cuda:N'; found '{value}'");
                    }
                },
                _ => overrides.push((*key, *value)),
            }
        }
        self.check(path)
            .map_err(|e| exec_datafusion_err!("CREATE MODEL {name}: {e}"))?;
        let model = Model::open(name, path, &overrides, device);
        let model = model.map_err(|e| exec_datafusion_err!("CREATE MODEL {name}: {e}"))?;
        lock(&self.named).insert(name.to_owned(), Arc::new(model));
        Ok(())
    }

    /// Takes a model's name away. Queries that use it go on.
    ///
    /// # Errors
    /// When there is none and that is not allowed.
    pub fn remove(&self, name: &str, if_exists: bool) -> Result<()> {
        let removed = lock(&self.named).remove(name);
        match removed {
            None if !if_exists => exec_err!("DROP MODEL: {}", self.absent(name)),
            _ => Ok(()),
        }
    }

    /// The model of a name, or of a file.
    ///
    /// # Errors
    /// When there is no model of the name, or the file cannot be used.
    pub fn find(&self, text: &str) -> std::result::Result<Arc<Model>, String> {
        if let Some(model) = lock(&self.named).get(text) {
            return Ok(Arc::clone(model));
        }
        if !is_path(text) {
            return Err(self.absent(text));
        }
        let path = Path::new(text);
        self.check(path).map_err(|e| e.to_string())?;
        let state = [Some(path.to_owned()), description_of(path)].map(|p| identity(p?).map(|i| i.to_bytes()));
        if let Some((then, model)) = lock(&self.opened).get(path)
            && *then == state
            && state[0].is_some()
        {
            return Ok(Arc::clone(model));
        }
        let model = Arc::new(Model::open(text, path, &[], Device::Cpu).map_err(|e| e.to_string())?);
        let mut opened = lock(&self.opened);
        if opened.len() >= MOST_BY_PATH {
            opened.clear();
        }
        opened.insert(path.to_owned(), (state, Arc::clone(&model)));
        Ok(model)
    }

    /// The models with a name, in the order of their names.
    pub fn all(&self) -> Vec<Arc<Model>> {
        lock(&self.named).values().cloned().collect()
    }

    fn absent(&self, name: &str) -> String {
        let names: Vec<String> = lock(&self.named).keys().cloned().collect();
        match names.is_empty() {
            true => format!("there is no model '{name}'; CREATE MODEL {name} FROM 'file.onnx' makes one"),
            false => format!("there is no model '{name}'; there are {}", names.join(", ")),
        }
    }
}

/// Where the description of a model lies.
fn description_of(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    let stem = [".onnx", ".ts.pt"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending))?;
    Some(path.with_file_name(format!("{stem}.json")))
}

fn parse_device(text: &str) -> Option<Device> {
    match text.to_ascii_lowercase().as_str() {
        "cpu" => Some(Device::Cpu),
        "cuda" => Some(Device::Cuda(0)),
        other => other.strip_prefix("cuda:")?.parse().ok().map(Device::Cuda),
    }
}

/// Names of models have no endings and no slashes.
fn is_path(text: &str) -> bool {
    text.contains(['/', '\\']) || text.ends_with(".onnx") || text.ends_with(".pt")
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}
