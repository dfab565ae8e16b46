//! From an image and a region to the features of every image type.

pub(crate) mod image;
