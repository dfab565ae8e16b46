//! What a session keeps for commands that come later: its last result, and the statements that it has run.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;

/// Most bytes of a result that is kept.
const MOST: usize = 256 << 20;

/// The last result and what was run.
#[derive(Default)]
pub struct Kept {
    is_on: bool,
    result: Option<KeptResult>,
    statements: Vec<String>,
}

/// A result.
pub struct KeptResult {
    /// Its columns.
    pub schema: SchemaRef,
    /// Its rows; empty when they were too many.
    pub batches: Vec<RecordBatch>,
    /// Whether they were.
    pub is_too_large: bool,
}

impl Kept {
    /// Keeps from now on: where somebody may ask for it.
    pub fn turn_on(&mut self) {
        self.is_on = true;
    }

    /// A statement has been run.
    pub fn ran(&mut self, statement: &str) {
        if self.is_on {
            self.statements.push(statement.to_owned());
        }
    }

    /// The statements that were run, in their order.
    pub fn statements(&self) -> &[String] {
        &self.statements
    }

    /// The last result that had columns.
    pub fn result(&self) -> Option<&KeptResult> {
        self.result.as_ref()
    }

    /// Begins to keep a result. The last one stays until all of this one is there.
    pub fn begin(&mut self, schema: &SchemaRef) -> Keeping<'_> {
        let is_on = self.is_on && !schema.fields().is_empty();
        Keeping {
            result: is_on.then(|| KeptResult {
                schema: SchemaRef::clone(schema),
                batches: vec![],
                is_too_large: false,
            }),
            bytes: 0,
            kept: self,
        }
    }
}

/// A result that is being kept.
pub struct Keeping<'a> {
    kept: &'a mut Kept,
    result: Option<KeptResult>,
    bytes: usize,
}

impl Keeping<'_> {
    /// Some of its rows.
    pub fn batch(&mut self, batch: &RecordBatch) {
        let Some(result) = &mut self.result else { return };
        self.bytes += batch.get_array_memory_size();
        if self.bytes > MOST {
            result.batches.clear();
            result.is_too_large = true;
        } else {
            result.batches.push(batch.clone());
        }
    }

    /// It is complete.
    pub fn end(self) {
        if let Some(result) = self.result {
            self.kept.result = Some(result);
        }
    }
}
