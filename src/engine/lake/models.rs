//! Models that a database keeps: name, file, options, and what their numbers come from.

use super::change::add_object;
use super::commit::Note;
use super::definition::{lasting, place};
use super::{Lake, LakeError, SCHEMA};
use datafusion::common::{Result, exec_datafusion_err, exec_err};
use radsql_udfs::deep::models::{KeptModel, ModelShelf};
use rusqlite::params;
use serde_json::{Map, Value, json};

const KIND: &str = "model";

impl ModelShelf for Lake {
    fn all(&self) -> Result<Vec<KeptModel>> {
        let rows: Vec<(i64, String, String)> = self.query(|c| {
            let mut statement = c.prepare_cached(
                "SELECT object_id, name, statement FROM radsql_object WHERE kind = ?1 AND end_snapshot IS NULL ORDER BY name",
            )?;
            let rows = statement.query_map([KIND], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
            rows.collect()
        })?;
        rows.into_iter()
            .map(|(id, name, text)| self.kept(id, &name, &text).ok_or(name))
            .map(|kept| {
                kept.map_err(|name| exec_datafusion_err!("model '{name}': its entry in the database is broken"))
            })
            .collect()
    }

    fn keep(&self, model: &KeptModel, replace: bool) -> Result<()> {
        let name = &model.name;
        let Some(file) = model.file.to_str() else {
            return exec_err!("CREATE MODEL {name}: the file's name is not text that a database can keep");
        };
        let options: Map<String, Value> = model
            .options
            .iter()
            .map(|(k, v)| (k.clone(), v.clone().into()))
            .collect();
        let text = json!({"file": lasting(file, self)?, "options": options, "key": model.key}).to_string();
        self.commit(&Note::default(), |commit| {
            let (schema, _) = commit.schema(SCHEMA)?;
            let ended = commit.execute(
                "UPDATE radsql_object SET end_snapshot = ?1 WHERE name = ?2 AND kind = ?3 AND end_snapshot IS NULL",
                params![commit.snapshot, name, KIND],
            )?;
            if ended > 0 && !replace {
                return Err(LakeError::Refused(format!(
                    "CREATE MODEL: there is a model '{name}' already; CREATE OR REPLACE MODEL replaces it"
                )));
            }
            add_object(commit, schema, KIND, name, &text)?;
            Ok(Some(()))
        })?;
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<bool> {
        let done = self.commit(&Note::default(), |commit| {
            let ended = commit.execute(
                "UPDATE radsql_object SET end_snapshot = ?1 WHERE name = ?2 AND kind = ?3 AND end_snapshot IS NULL",
                params![commit.snapshot, name, KIND],
            )?;
            Ok((ended > 0).then_some(()))
        })?;
        Ok(done.is_some())
    }
}

impl Lake {
    fn kept(&self, id: i64, name: &str, text: &str) -> Option<KeptModel> {
        let entry: Value = serde_json::from_str(text).ok()?;
        let options = entry["options"].as_object()?.iter();
        Some(KeptModel {
            id,
            name: name.to_owned(),
            file: place(entry["file"].as_str()?, self.folder()),
            options: options
                .map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned())))
                .collect::<Option<_>>()?,
            key: entry["key"].as_str()?.to_owned(),
        })
    }
}
