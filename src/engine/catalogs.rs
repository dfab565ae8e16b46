//! The catalogs of a session and its forks: what is in memory, and databases, which come and go.

use datafusion::catalog::{CatalogProvider, CatalogProviderList};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Catalogs by name.
#[derive(Debug, Default)]
pub struct Catalogs(Mutex<BTreeMap<String, Arc<dyn CatalogProvider>>>);

impl Catalogs {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<dyn CatalogProvider>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a catalog away. Statements that read it go on.
    pub fn remove(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        self.lock().remove(name)
    }
}

impl CatalogProviderList for Catalogs {
    fn register_catalog(&self, name: String, catalog: Arc<dyn CatalogProvider>) -> Option<Arc<dyn CatalogProvider>> {
        self.lock().insert(name, catalog)
    }

    fn catalog_names(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    fn catalog(&self, name: &str) -> Option<Arc<dyn CatalogProvider>> {
        self.lock().get(name).cloned()
    }
}
