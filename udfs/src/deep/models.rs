//! The models of a session.

use crate::files::{FilePolicy, Forbidden};
use datafusion::common::{Result, exec_datafusion_err, exec_err};
use radsql_deep::{DeepError, Device, Embedder, Limits, ModelDescription, ModelFile};
use radsql_imaging::identity;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

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

/// A model as it is kept beyond a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptModel {
    /// Another one of the same name has another number.
    pub id: i64,
    /// Its name in SQL.
    pub name: String,
    /// Its file.
    pub file: PathBuf,
    /// What `WITH` says of it.
    pub options: Vec<(String, String)>,
    /// What its numbers come from: the hash of its weights, and what it wants to see.
    pub key: String,
}

/// Where the models of a session are kept beyond it, such as a database.
pub trait ModelShelf: Send + Sync {
    /// All models, in the order of their names.
    ///
    /// # Errors
    /// When it cannot be read.
    fn all(&self) -> Result<Vec<KeptModel>>;
    /// Keeps a model, whose number is not looked at, in the place of one of its name where `replace` says so.
    ///
    /// # Errors
    /// When it cannot be written, or there is one and must not be.
    fn keep(&self, model: &KeptModel, replace: bool) -> Result<()>;
    /// Takes a model away; whether there was one.
    ///
    /// # Errors
    /// When it cannot be written.
    fn remove(&self, name: &str) -> Result<bool>;
}

/// The models of a session, by name and by path.
#[derive(Default)]
pub struct Models {
    files: FilePolicy,
    named: Mutex<BTreeMap<String, Arc<Model>>>,
    opened: Mutex<HashMap<PathBuf, (State, Arc<Model>)>>,
    /// Where models with names are kept; in `named` without.
    shelf: OnceLock<Arc<dyn ModelShelf>>,
    /// Those of the shelf that were opened.
    taken: Mutex<HashMap<i64, Arc<Model>>>,
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

    /// Keeps models with names there from now on.
    pub fn keep_on(&self, shelf: Arc<dyn ModelShelf>) {
        // The first one stays.
        let _ = self.shelf.set(shelf);
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
        if self.names()?.iter().any(|there| there == name) {
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
        let model = self
            .open(name, path, options)
            .map_err(|e| exec_datafusion_err!("CREATE MODEL {name}: {e}"))?;
        let Some(shelf) = self.shelf.get() else {
            lock(&self.named).insert(name.to_owned(), Arc::new(model));
            return Ok(());
        };
        let kept = KeptModel {
            id: 0,
            name: name.to_owned(),
            file: path.to_owned(),
            options: options.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            key: model.description().key(),
        };
        shelf.keep(&kept, existing == Existing::Replace)
    }

    fn open(&self, name: &str, path: &Path, options: &[(&str, &str)]) -> std::result::Result<Model, String> {
        let mut device = Device::Cpu;
        let mut overrides = vec![];
        for (key, value) in options {
            match *key {
                "device" => match parse_device(value) {
                    Some(found) => device = found,
                    None => return Err(format!("device is 'cpu', 'cuda' or 'cuda:N'; found '{value}'")),
                },
                _ => overrides.push((*key, *value)),
            }
        }
        self.check(path).map_err(|e| e.to_string())?;
        Model::open(name, path, &overrides, device).map_err(|e| e.to_string())
    }

    /// A model of the shelf, which must be what it was.
    fn take(&self, kept: &KeptModel) -> std::result::Result<Arc<Model>, String> {
        if let Some(model) = lock(&self.taken).get(&kept.id) {
            return Ok(Arc::clone(model));
        }
        let options: Vec<_> = kept.options.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let name = &kept.name;
        let model = self
            .open(name, &kept.file, &options)
            .map_err(|e| format!("model '{name}': {e}"))?;
        if model.description().key() != kept.key {
            return Err(format!(
                "model '{name}': its file, or the description beside it, is not what CREATE MODEL read; \
                 CREATE OR REPLACE MODEL {name} takes it as it is"
            ));
        }
        let model = Arc::new(model);
        lock(&self.taken).insert(kept.id, Arc::clone(&model));
        Ok(model)
    }

    /// Takes a model's name away. Queries that use it go on.
    ///
    /// # Errors
    /// When there is none and that is not allowed.
    pub fn remove(&self, name: &str, if_exists: bool) -> Result<()> {
        let removed = match self.shelf.get() {
            Some(shelf) => shelf.remove(name)?,
            None => lock(&self.named).remove(name).is_some(),
        };
        match removed || if_exists {
            false => exec_err!("DROP MODEL: {}", self.absent(name)?),
            true => Ok(()),
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
        let told = |e: datafusion::common::DataFusionError| e.strip_backtrace();
        for kept in self.kept().map_err(told)? {
            if kept.name == text {
                return self.take(&kept);
            }
        }
        if !is_path(text) {
            return Err(self.absent(text).map_err(told)?);
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
    ///
    /// # Errors
    /// When one that is kept cannot be used any more.
    pub fn all(&self) -> Result<Vec<Arc<Model>>> {
        let mut models: Vec<_> = lock(&self.named).values().cloned().collect();
        for kept in self.kept()? {
            models.push(
                self.take(&kept)
                    .map_err(|e| exec_datafusion_err!("{e}; DROP MODEL {} leaves the others", kept.name))?,
            );
        }
        Ok(models)
    }

    /// The names of models.
    ///
    /// # Errors
    /// When those that are kept cannot be read.
    pub fn names(&self) -> Result<Vec<String>> {
        let mut names: Vec<_> = lock(&self.named).keys().cloned().collect();
        names.extend(self.kept()?.into_iter().map(|kept| kept.name));
        Ok(names)
    }

    fn kept(&self) -> Result<Vec<KeptModel>> {
        self.shelf.get().map_or_else(|| Ok(vec![]), |shelf| shelf.all())
    }

    fn absent(&self, name: &str) -> Result<String> {
        let names = self.names()?;
        Ok(match names.is_empty() {
            true => format!("there is no model '{name}'; CREATE MODEL {name} FROM 'file.onnx' makes one"),
            false => format!("there is no model '{name}'; there are {}", names.join(", ")),
        })
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
