//! What a session keeps for commands that come later: its last result, and what it has run.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;

/// Most bytes of a result that is kept.
const MOST: usize = 256 << 20;

/// The last result and what was run.
#[derive(Default)]
pub struct Kept {
    is_on: bool,
    last: Last,
    ran: Vec<Ran>,
}

/// What is known of the last result.
#[derive(Default)]
enum Last {
    /// There was none.
    #[default]
    None,
    Whole(KeptResult),
    TooLarge,
    /// It was not read to its end.
    Torn,
}

/// Something that was run.
enum Ran {
    Statement(String),
    /// A command that statements behind it depend on.
    Command(String),
}

/// A result.
pub struct KeptResult {
    /// Its columns.
    pub schema: SchemaRef,
    /// Its rows.
    pub batches: Vec<RecordBatch>,
}

impl Kept {
    /// Keeps from now on: where somebody may ask for it.
    pub fn turn_on(&mut self) {
        self.is_on = true;
    }

    /// A statement was stopped, whose result would be the last one.
    pub fn stopped(&mut self) {
        self.last = Last::Torn;
    }

    /// A statement has been run.
    pub fn ran(&mut self, statement: &str) {
        if self.is_on {
            self.ran.push(Ran::Statement(statement.to_owned()));
        }
    }

    /// A command has been run that changes what statements mean.
    pub fn ran_command(&mut self, name: &str, text: &str) {
        if self.is_on {
            self.ran.push(Ran::Command(format!("\\{name} {text}")));
        }
    }

    /// The last statement that was run.
    pub fn last_statement(&self) -> Option<&str> {
        self.ran.iter().rev().find_map(|ran| match ran {
            Ran::Statement(text) => Some(text.as_str()),
            Ran::Command(_) => None,
        })
    }

    /// All that was run, as a file that `radsql run` takes.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for ran in &self.ran {
            match ran {
                Ran::Command(text) => out.push_str(text),
                Ran::Statement(text) => {
                    let text = text.trim_end();
                    out.push_str(text);
                    // A comment would take the semicolon in.
                    let has_comment = text.lines().next_back().is_some_and(|line| line.contains("--"));
                    out.push_str(if has_comment { "\n;" } else { ";" });
                }
            }
            out.push('\n');
        }
        out
    }

    /// The last result that had columns.
    ///
    /// # Errors
    /// When there was none, or it is not here as a whole.
    pub fn result(&self) -> Result<&KeptResult, String> {
        match &self.last {
            Last::Whole(result) => Ok(result),
            Last::None => Err("there is no result yet".into()),
            Last::TooLarge => Err(
                "the last result was too large to be kept; \\o FILE before the statement writes it as it comes".into(),
            ),
            Last::Torn => Err("the last result was not read to its end; run the statement again".into()),
        }
    }

    /// Begins to keep a result, in the place of the last one.
    pub fn begin(&mut self, schema: &SchemaRef) -> Keeping<'_> {
        let is_on = self.is_on && !schema.fields().is_empty();
        if is_on {
            self.last = Last::Torn;
        }
        Keeping {
            result: is_on.then(|| KeptResult {
                schema: SchemaRef::clone(schema),
                batches: vec![],
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
        } else {
            result.batches.push(batch.clone());
        }
    }

    /// It is complete.
    pub fn end(self) {
        if let Some(result) = self.result {
            self.kept.last = match self.bytes > MOST {
                true => Last::TooLarge,
                false => Last::Whole(result),
            };
        }
    }
}
