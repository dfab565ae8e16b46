//! Scans in SQL.

pub mod mask_info;
pub mod scan_errors;
mod scan_function;
pub mod scan_info;
