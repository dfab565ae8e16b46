//! Scans in SQL.

pub mod dicom_tags;
pub mod file_hash;
pub mod mask_info;
pub mod scan_errors;
pub mod scan_function;
pub mod scan_info;
