//! What a text of SQL may hold, looked at before anything parses it.
//!
//! A parser, a planner and an optimizer go down a statement by recursion, and what is deep enough ends the process. Three
//! things make a statement deep: parentheses, chains of operators, and relations that stand on one another. Parentheses
//! are counted as such, and relations over the whole text.
//!
//! A chain, whatever its operator, has at least one token a link and no comma in it, so the tokens between two commas of
//! one pair of parentheses bound its length. OR binds weaker than AND, and AND weaker than all else: what stands between
//! two of them is a chain of its own, and the longest chains of the three kinds together bound how deep an expression is.
//!
//! Planning takes time by the square of a chain's length, so the squares are added up too.

use datafusion::common::DataFusionError;
use datafusion::sql::sqlparser::dialect::DuckDbDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Word};

/// The most that a text of SQL may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatementLimits {
    /// Bytes of the text.
    pub bytes: usize,
    /// Links of a chain of operators: words, numbers and signs between two commas.
    pub terms: usize,
    /// Parentheses, brackets and braces in one another.
    pub depth: usize,
    /// SELECTs, tables of a FROM, joins and lists of VALUES in all.
    pub relations: usize,
    /// Items of one SELECT.
    pub items: usize,
    /// Items of one GROUP BY, ORDER BY or PARTITION BY.
    pub keys: usize,
}

impl Default for StatementLimits {
    fn default() -> Self {
        Self {
            bytes: 1 << 20,
            terms: 5_000,
            depth: 100,
            relations: 1_000,
            items: 10_000,
            keys: 1_000,
        }
    }
}

/// What a text has too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TooMuch {
    /// The text is too long.
    #[error("the statement has {found} bytes and may have {limit}; send data as rows or parameters, not as text")]
    Bytes {
        /// Bytes of the text.
        found: usize,
        /// The most.
        limit: usize,
    },
    /// An expression is too long, or all of them together are.
    #[error(
        "an expression has more than {limit} words and signs without a comma between them, or several have nearly as \
         many; use IN (...), concat(...), a table joined with, or several statements"
    )]
    Terms {
        /// The most.
        limit: usize,
    },
    /// Parentheses stand too deep in one another.
    #[error("parentheses stand more than {limit} deep in one another; name inner parts WITH name AS (...)")]
    Depth {
        /// The most.
        limit: usize,
    },
    /// Too many tables and queries.
    #[error(
        "the statement has more than {limit} SELECTs, tables and joins; make tables of parts of it, or insert the rows \
         into one"
    )]
    Relations {
        /// The most.
        limit: usize,
    },
    /// A clause has too many items.
    #[error(
        "a SELECT, GROUP BY or ORDER BY has more than {limit} items; put many values of one kind into an array, or rows"
    )]
    Items {
        /// The most.
        limit: usize,
    },
}

impl From<TooMuch> for DataFusionError {
    fn from(e: TooMuch) -> Self {
        Self::ResourcesExhausted(e.to_string())
    }
}

/// Whether a text of SQL holds no more than it may. A text that cannot be cut into words passes: it cannot be parsed
/// either, and the parser tells where it is wrong.
///
/// # Errors
/// What it has too much of.
pub fn check(text: &str, limits: &StatementLimits) -> Result<(), TooMuch> {
    if text.len() > limits.bytes {
        return Err(TooMuch::Bytes {
            found: text.len(),
            limit: limits.bytes,
        });
    }
    let mut counter = Counter::new(limits);
    let mut tokens = vec![];
    // The tokenizer keeps what it found to look back at; the letters of it need not be kept.
    let mapper = |mut t: TokenWithSpan| {
        counter.take(&t.token);
        match &mut t.token {
            Token::Word(w) => w.value = String::new(),
            Token::Number(s, _) | Token::SingleQuotedString(s) => *s = String::new(),
            _ => {}
        }
        t
    };
    // What does not end is the parser's to tell.
    let _ = Tokenizer::new(&DuckDbDialect {}, text).tokenize_with_location_into_buf_with_mapper(&mut tokens, mapper);
    counter.end();
    counter.found.map_or(Ok(()), Err)
}

/// Which clause the commas of a pair of parentheses belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clause {
    /// None that makes relations or columns: arguments, lists, VALUES.
    List,
    /// Columns.
    Items,
    /// What rows are grouped and ordered by.
    Keys,
    /// Tables.
    From,
}

/// Chains of operators since the last comma.
#[derive(Debug, Clone, Copy, Default)]
struct Chain {
    ors: usize,
    /// Those since the last OR, and the most between two.
    ands: [usize; 2],
    /// Other tokens since the last AND or OR, and the most between two.
    others: [usize; 2],
}

impl Chain {
    fn or(&mut self) {
        self.ors += 1;
        self.ands[0] = 0;
        self.others[0] = 0;
    }

    fn and(&mut self) {
        self.ands[0] += 1;
        self.ands[1] = self.ands[1].max(self.ands[0]);
        self.others[0] = 0;
    }

    fn other(&mut self) {
        self.others[0] += 1;
        self.others[1] = self.others[1].max(self.others[0]);
    }

    /// How deep the expression is at most.
    fn depth(&self) -> usize {
        self.ors + self.ands[1] + self.others[1]
    }
}

#[derive(Debug, Clone, Copy)]
struct Level {
    chain: Chain,
    clause: Clause,
    /// Items of the clause so far.
    items: usize,
    /// Whether a SELECT without a FROM stands before: the next FROM is its own.
    selecting: bool,
}

impl Level {
    const EMPTY: Self = Self {
        chain: Chain {
            ors: 0,
            ands: [0; 2],
            others: [0; 2],
        },
        clause: Clause::List,
        items: 0,
        selecting: false,
    };

    fn enter(&mut self, clause: Clause) {
        self.clause = clause;
        self.items = 0;
    }
}

struct Counter<'a> {
    limits: &'a StatementLimits,
    levels: Vec<Level>,
    relations: usize,
    /// Squares of the depths of the expressions that have ended.
    work: usize,
    before: Before,
    found: Option<TooMuch>,
}

/// What stands before a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// A dot or AS: the next word is a name, whatever it is called.
    Name,
    Distinct,
    /// UNION, or ALL: the next SELECT begins a query.
    Union,
    /// The end of an expression for certain: what follows goes on with it, or ends it.
    Operand,
    Other,
}

impl<'a> Counter<'a> {
    fn new(limits: &'a StatementLimits) -> Self {
        Self {
            limits,
            levels: vec![Level::EMPTY],
            relations: 0,
            work: 0,
            before: Before::Other,
            found: None,
        }
    }

    fn take(&mut self, token: &Token) {
        if self.found.is_some() || matches!(token, Token::Whitespace(_) | Token::EOF) {
            return;
        }
        let limits = self.limits;
        let mut before = Before::Other;
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => {
                self.step(Chain::other);
                if self.levels.len() > limits.depth {
                    self.found = Some(TooMuch::Depth { limit: limits.depth });
                }
                self.levels.push(Level::EMPTY);
            }
            Token::RParen | Token::RBracket | Token::RBrace => {
                self.end();
                // One that closes nothing is the parser's to tell.
                if self.levels.len() > 1 {
                    self.levels.pop();
                }
                before = Before::Operand;
            }
            Token::Comma => {
                self.end();
                self.comma();
            }
            Token::SemiColon => {
                self.end();
                if let Some(level) = self.levels.last_mut() {
                    *level = Level::EMPTY;
                }
            }
            Token::Word(word) => before = self.word(word),
            Token::Number(..) | Token::SingleQuotedString(_) => {
                self.step(Chain::other);
                before = Before::Operand;
            }
            Token::Period => {
                self.step(Chain::other);
                before = Before::Name;
            }
            Token::VerticalBarRightAngleBracket => {
                self.step(Chain::other);
                self.relation();
            }
            _ => self.step(Chain::other),
        }
        self.before = before;
    }

    /// One more token of an expression.
    fn step(&mut self, link: impl Fn(&mut Chain)) {
        if let Some(level) = self.levels.last_mut() {
            link(&mut level.chain);
            if level.chain.depth() > self.limits.terms {
                self.found = Some(TooMuch::Terms {
                    limit: self.limits.terms,
                });
            }
        }
    }

    /// The end of an expression.
    fn end(&mut self) {
        let Some(level) = self.levels.last_mut() else {
            return;
        };
        let depth = std::mem::take(&mut level.chain).depth();
        self.work = self.work.saturating_add(depth * depth);
        if self.work > 2 * self.limits.terms * self.limits.terms {
            self.found = Some(TooMuch::Terms {
                limit: self.limits.terms,
            });
        }
    }

    fn comma(&mut self) {
        let Some(level) = self.levels.last_mut() else {
            return;
        };
        level.items += 1;
        let (clause, items) = (level.clause, level.items);
        let limit = match clause {
            Clause::From => return self.relation(),
            Clause::Items => self.limits.items,
            Clause::Keys => self.limits.keys,
            Clause::List => return,
        };
        if items >= limit {
            self.found = Some(TooMuch::Items { limit });
        }
    }

    fn relation(&mut self) {
        self.relations += 1;
        if self.relations > self.limits.relations {
            self.found = Some(TooMuch::Relations {
                limit: self.limits.relations,
            });
        }
    }

    /// What a word begins; a name begins nothing.
    fn word(&mut self, word: &Word) -> Before {
        // A name may be any word; those that make relations are counted all the same, for want of a proof.
        let named = self.before == Before::Name;
        let compared = self.before == Before::Distinct;
        match word.keyword {
            _ if word.quote_style.is_some() || named => self.step(Chain::other),
            // Were one of them a name here, it is counted still.
            Keyword::OR => self.step(Chain::or),
            Keyword::AND => self.step(Chain::and),
            // No expression goes on behind these, which are counted as relations.
            Keyword::JOIN if self.before == Before::Operand => self.end(),
            Keyword::SELECT if matches!(self.before, Before::Operand | Before::Union) => self.end(),
            _ => self.step(Chain::other),
        }
        if word.quote_style.is_some() {
            return Before::Operand;
        }
        let Some(level) = self.levels.last_mut() else {
            return Before::Other;
        };
        let mut relation = false;
        match word.keyword {
            Keyword::SELECT => {
                relation = true;
                level.selecting = true;
                level.enter(Clause::Items);
            }
            // `a IS DISTINCT FROM b` is no list of tables.
            Keyword::FROM if !compared => {
                // A query that begins with FROM has no SELECT that was counted.
                relation = !level.selecting;
                level.selecting = false;
                level.enter(Clause::From);
            }
            Keyword::VALUES | Keyword::TABLE => {
                relation = true;
                if !named {
                    level.enter(Clause::List);
                }
            }
            Keyword::JOIN
            | Keyword::STRAIGHT_JOIN
            | Keyword::APPLY
            | Keyword::LATERAL
            | Keyword::PIVOT
            | Keyword::UNPIVOT
            | Keyword::MATCH_RECOGNIZE => relation = true,
            Keyword::GROUP
            | Keyword::ORDER
            | Keyword::PARTITION
            | Keyword::SORT
            | Keyword::CLUSTER
            | Keyword::DISTRIBUTE
                if !named =>
            {
                level.enter(Clause::Keys);
            }
            Keyword::WHERE
            | Keyword::HAVING
            | Keyword::QUALIFY
            | Keyword::WINDOW
            | Keyword::LIMIT
            | Keyword::OFFSET
            | Keyword::FETCH
            | Keyword::UNION
            | Keyword::INTERSECT
            | Keyword::EXCEPT
            | Keyword::MINUS
                if !named =>
            {
                level.enter(Clause::Items);
            }
            _ => {}
        }
        if relation {
            self.relation();
        }
        match word.keyword {
            Keyword::AS => Before::Name,
            Keyword::DISTINCT => Before::Distinct,
            Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT | Keyword::ALL => Before::Union,
            Keyword::NoKeyword => Before::Operand,
            _ => Before::Other,
        }
    }
}

#[cfg(test)]
mod tests;
