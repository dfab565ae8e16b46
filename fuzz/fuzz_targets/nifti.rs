#![no_main]

#[path = "../asked.rs"]
mod asked;

libfuzzer_sys::fuzz_target!(init: asked::quiet(), |data: &[u8]| asked::with_file(data, asked::nifti));
