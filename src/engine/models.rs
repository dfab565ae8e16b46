//! `CREATE MODEL`, `DROP MODEL` and `SHOW MODELS`, which SQL does not have.

use datafusion::common::{Result, plan_err};
use datafusion::sql::sqlparser::ast::{Expr, Value};
use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Token;
use radsql_udfs::deep::models::Existing;
use std::path::PathBuf;

/// A statement about models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelStatement {
    /// `CREATE [OR REPLACE] MODEL [IF NOT EXISTS] name FROM 'file' [WITH (key = value, ...)]`
    Create {
        /// The model's name.
        name: String,
        /// Its file.
        file: PathBuf,
        /// What to do when there is one of the name.
        existing: Existing,
        /// Keys of the description that get other values.
        overrides: Vec<(String, String)>,
    },
    /// `DROP MODEL [IF EXISTS] name`
    Drop {
        /// The model's name.
        name: String,
        /// Whether it need not be there.
        if_exists: bool,
    },
    /// `SHOW MODELS`
    Show,
}

const CREATE: &str = "CREATE [OR REPLACE] MODEL [IF NOT EXISTS] name FROM 'file' [WITH (key = value, ...)]";
const DROP: &str = "DROP MODEL [IF EXISTS] name";

/// Reads a statement about models; `None` when the text is another one.
///
/// # Errors
/// When it begins as one and is none.
pub fn parse(text: &str) -> Result<Option<ModelStatement>> {
    // What cannot be cut into words is told by the parser of all other statements.
    let Ok(parser) = Parser::new(&DuckDbDialect {}).try_with_sql(text) else {
        return Ok(None);
    };
    let mut words = Words(parser);
    if words.takes(&["SHOW", "MODELS"]) {
        words.end("SHOW MODELS")?;
        return Ok(Some(ModelStatement::Show));
    }
    if words.takes(&["DROP", "MODEL"]) {
        let if_exists = words.takes(&["IF", "EXISTS"]);
        let name = words.name(DROP)?;
        words.end(DROP)?;
        return Ok(Some(ModelStatement::Drop { name, if_exists }));
    }
    let replace = words.takes(&["CREATE", "OR", "REPLACE", "MODEL"]);
    if !replace && !words.takes(&["CREATE", "MODEL"]) {
        return Ok(None);
    }
    let keep = words.takes(&["IF", "NOT", "EXISTS"]);
    let existing = match (replace, keep) {
        (true, true) => return plan_err!("CREATE MODEL: OR REPLACE and IF NOT EXISTS exclude each other"),
        (true, false) => Existing::Replace,
        (false, true) => Existing::Keep,
        (false, false) => Existing::Refuse,
    };
    let name = words.name(CREATE)?;
    if !words.takes(&["FROM"]) {
        return words.unexpected("FROM", CREATE);
    }
    let file = match words.0.next_token().token {
        Token::SingleQuotedString(file) => PathBuf::from(file),
        other => return plan_err!("expected {CREATE}; found {other} where the file should be, in quotes"),
    };
    let overrides = if words.takes(&["WITH"]) {
        words.options()?
    } else {
        vec![]
    };
    words.end(CREATE)?;
    Ok(Some(ModelStatement::Create {
        name,
        file,
        existing,
        overrides,
    }))
}

struct Words<'a>(Parser<'a>);

impl Words<'_> {
    /// Whether these words come next; then they are taken.
    fn takes(&mut self, words: &[&str]) -> bool {
        let there = words
            .iter()
            .enumerate()
            .all(|(i, word)| match self.0.peek_nth_token(i).token {
                Token::Word(w) => w.quote_style.is_none() && w.value.eq_ignore_ascii_case(word),
                _ => false,
            });
        if there {
            words.iter().for_each(|_| {
                self.0.next_token();
            });
        }
        there
    }

    fn unexpected<T>(&self, what: &str, form: &str) -> Result<T> {
        plan_err!(
            "expected {form}; found {} where {what} should be",
            self.0.peek_token().token
        )
    }

    fn name(&mut self, form: &str) -> Result<String> {
        match self.0.peek_token().token {
            Token::Word(w) => {
                self.0.next_token();
                Ok(w.value)
            }
            _ => self.unexpected("the model's name", form),
        }
    }

    fn end(&mut self, form: &str) -> Result<()> {
        while self.0.consume_token(&Token::SemiColon) {}
        match self.0.peek_token().token {
            Token::EOF => Ok(()),
            _ => self.unexpected("the end", form),
        }
    }

    /// `(key = value, ...)`; values as the JSON of a description has them.
    fn options(&mut self) -> Result<Vec<(String, String)>> {
        let mut options = vec![];
        if !self.0.consume_token(&Token::LParen) {
            return self.unexpected("(", CREATE);
        }
        loop {
            let key = self.name(CREATE)?;
            if !self.0.consume_token(&Token::Eq) {
                return self.unexpected("=", CREATE);
            }
            let value = match self.0.parse_expr()? {
                Expr::Value(v) => match v.value {
                    Value::SingleQuotedString(text) => text,
                    other => other.to_string(),
                },
                other => other.to_string(),
            };
            options.push((key, value));
            if self.0.consume_token(&Token::RParen) {
                return Ok(options);
            }
            if !self.0.consume_token(&Token::Comma) {
                return self.unexpected(", or )", CREATE);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements() {
        let create = |existing, overrides: &[(&str, &str)]| {
            Some(ModelStatement::Create {
                name: "m".into(),
                file: "a.onnx".into(),
                existing,
                overrides: overrides.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
            })
        };
        for (text, expected) in [
            ("CREATE MODEL m FROM 'a.onnx'", create(Existing::Refuse, &[])),
            (
                "create or replace model m from 'a.onnx';",
                create(Existing::Replace, &[]),
            ),
            (
                "CREATE MODEL IF NOT EXISTS \"m\" FROM 'a.onnx'",
                create(Existing::Keep, &[]),
            ),
            (
                "CREATE MODEL m FROM 'a.onnx' WITH (spatial_shape = [48, 48, 48], orientation = 'RAS', pad_value = -1000)",
                create(
                    Existing::Refuse,
                    &[
                        ("spatial_shape", "[48, 48, 48]"),
                        ("orientation", "RAS"),
                        ("pad_value", "-1000"),
                    ],
                ),
            ),
            ("SHOW MODELS", Some(ModelStatement::Show)),
            (
                "drop model if exists m",
                Some(ModelStatement::Drop {
                    name: "m".into(),
                    if_exists: true,
                }),
            ),
            ("CREATE TABLE model AS SELECT 1", None),
            ("SHOW TABLES", None),
            ("SELECT 'unended", None),
            ("", None),
        ] {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
        for text in [
            "CREATE MODEL",
            "CREATE MODEL m",
            "CREATE MODEL m FROM a",
            "CREATE MODEL m FROM 'a' WITH",
            "CREATE MODEL m FROM 'a' WITH (a)",
            "CREATE MODEL m FROM 'a' WITH (a = 1",
            "CREATE MODEL m FROM 'a' x",
            "DROP MODEL",
            "DROP MODEL a b",
            "SHOW MODELS x",
            "CREATE OR REPLACE MODEL IF NOT EXISTS m FROM 'a'",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
