//! Actions of Flight sessions: SetSessionOptions, GetSessionOptions, CloseSession. The library has no types for their messages;
//! these are those of Flight.proto.

use crate::server::client::Client;
use crate::server::errors::Fault;
use crate::server::statement::{Ready, Statement};
use crate::server::{running, settings};
use datafusion::common::config::ConfigEntry;
use prost::{Message, Oneof};
use std::collections::HashMap;
use std::sync::Arc;

/// A value of an option.
#[derive(Clone, PartialEq, Message)]
pub struct SessionOptionValue {
    /// The value; without one the option is unset.
    #[prost(oneof = "OptionValue", tags = "1, 2, 3, 4, 5")]
    pub value: Option<OptionValue>,
}

/// A list of texts.
#[derive(Clone, PartialEq, Message)]
pub struct StringListValue {
    /// The texts.
    #[prost(string, repeated, tag = "1")]
    pub values: Vec<String>,
}

/// The value itself.
#[derive(Clone, PartialEq, Oneof)]
pub enum OptionValue {
    /// Text.
    #[prost(string, tag = "1")]
    Text(String),
    /// True or false.
    #[prost(bool, tag = "2")]
    Bool(bool),
    /// A whole number.
    #[prost(sfixed64, tag = "3")]
    Int(i64),
    /// A number.
    #[prost(double, tag = "4")]
    Double(f64),
    /// Texts.
    #[prost(message, tag = "5")]
    List(StringListValue),
}

impl OptionValue {
    /// The value as SET takes it.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Bool(flag) => flag.to_string(),
            Self::Int(number) => number.to_string(),
            Self::Double(number) => number.to_string(),
            Self::List(list) => list.values.join(","),
        }
    }
}

/// SetSessionOptions.
#[derive(Clone, PartialEq, Message)]
pub struct SetSessionOptionsRequest {
    /// Options by name.
    #[prost(map = "string, message", tag = "1")]
    pub session_options: HashMap<String, SessionOptionValue>,
}

/// What was wrong with an option.
#[derive(Clone, PartialEq, Message)]
pub struct OptionError {
    /// [`INVALID_NAME`], [`INVALID_VALUE`] or another error.
    #[prost(int32, tag = "1")]
    pub value: i32,
}

/// There is no such option, or it may not be set.
pub const INVALID_NAME: i32 = 1;
/// The value cannot be.
pub const INVALID_VALUE: i32 = 2;

/// The answer to SetSessionOptions.
#[derive(Clone, PartialEq, Message)]
pub struct SetSessionOptionsResult {
    /// What was wrong, by name.
    #[prost(map = "string, message", tag = "1")]
    pub errors: HashMap<String, OptionError>,
}

/// The answer to GetSessionOptions.
#[derive(Clone, PartialEq, Message)]
pub struct GetSessionOptionsResult {
    /// Options by name.
    #[prost(map = "string, message", tag = "1")]
    pub session_options: HashMap<String, SessionOptionValue>,
}

/// The answer to CloseSession.
#[derive(Clone, PartialEq, Message)]
pub struct CloseSessionResult {
    /// 1: closed.
    #[prost(int32, tag = "1")]
    pub status: i32,
}

/// The session is closed.
pub const CLOSED: i32 = 1;

/// Sets options, and tells what was wrong with those that could not be set.
pub async fn set_all(client: &Arc<Client>, request: SetSessionOptionsRequest) -> SetSessionOptionsResult {
    let mut result = SetSessionOptionsResult::default();
    for (name, value) in request.session_options {
        let text = value.value.as_ref().map(OptionValue::text);
        let state = client.engine.context().state();
        let catalogs = &state.config_options().catalog;
        // What JDBC drivers take from their address; there is one catalog, and its default schema.
        let only = match name.as_str() {
            "catalog" => Some(&catalogs.default_catalog),
            "schema" => Some(&catalogs.default_schema),
            _ => None,
        };
        let outcome = match only {
            Some(only) if text.as_ref().is_none_or(|text| text == only) => Ok(0),
            Some(_) => Err(INVALID_VALUE),
            None => set(client, &name, text.as_deref()).await,
        };
        if let Err(value) = outcome {
            result.errors.insert(name, OptionError { value });
        }
    }
    result
}

/// The options that a session may set, as they are.
pub fn of(client: &Client) -> GetSessionOptionsResult {
    let state = client.engine.context().state();
    let entries = state.config_options().entries();
    let own = entries.into_iter().filter(|e| settings::is_own(&e.key));
    let option = |e: ConfigEntry| {
        let value = e.value.map(OptionValue::Text);
        (e.key, SessionOptionValue { value })
    };
    GetSessionOptionsResult {
        session_options: own.map(option).collect(),
    }
}

async fn set(client: &Arc<Client>, name: &str, value: Option<&str>) -> Result<i64, i32> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
    if name.is_empty() || !name.chars().all(plain) {
        return Err(INVALID_NAME);
    }
    let text = match value {
        Some(value) => format!("SET {name} = '{}'", value.replace('\'', "''")),
        None => format!("RESET {name}"),
    };
    let wrong = |fault: Fault| match fault {
        Fault::Forbidden(_) => INVALID_NAME,
        _ => INVALID_VALUE,
    };
    let statement = Statement::plan(client, &text).await.map_err(wrong)?;
    let ready = Ready::new(&statement, &[]).map_err(wrong)?;
    running::update(client, ready).await.map_err(wrong)
}
