//! Scans in SQL.

pub mod dicom_tags;
pub mod mask_info;
pub mod scan_errors;
mod scan_function;
pub mod scan_info;
