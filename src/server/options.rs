//! Actions of Flight sessions: SetSessionOptions, GetSessionOptions, CloseSession. The library has no types for their messages;
//! these are those of Flight.proto.

use prost::{Message, Oneof};
use std::collections::HashMap;

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
