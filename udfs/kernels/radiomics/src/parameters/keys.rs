//! Names that a parameter file may hold.

/// Sections of a parameter file.
pub(super) const SECTIONS: [&str; 4] = ["imageType", "featureClass", "setting", "voxelSetting"];

/// Image types, in the order in which `radiomics_features` lists them.
pub(super) const IMAGE_TYPES: [&str; 10] = [
    "Original",
    "Wavelet",
    "LoG",
    "Square",
    "SquareRoot",
    "Logarithm",
    "Exponential",
    "Gradient",
    "LBP2D",
    "LBP3D",
];

/// Keys of section `setting`, and of each image type for itself.
pub(super) const SETTINGS: [&str; 37] = [
    "additionalInfo",
    "binCount",
    "binWidth",
    "correctMask",
    "distances",
    "force2D",
    "force2Ddimension",
    "geometryTolerance",
    "gldm_a",
    "gradientUseSpacing",
    "interpolator",
    "label",
    "label_channel",
    "lbp2DMethod",
    "lbp2DRadius",
    "lbp2DSamples",
    "lbp3DIcosphereRadius",
    "lbp3DIcosphereSubdivision",
    "lbp3DLevels",
    "level",
    "minimumROIDimensions",
    "minimumROISize",
    "normalize",
    "normalizeScale",
    "padDistance",
    "preCrop",
    "removeOutliers",
    "resampledPixelSpacing",
    "resegmentMode",
    "resegmentRange",
    "resegmentShape",
    "sigma",
    "start_level",
    "symmetricalGLCM",
    "voxelArrayShift",
    "wavelet",
    "weightingNorm",
];

/// Keys of section `voxelSetting`: extraction voxel by voxel, which is not done here, so that they have no effect.
pub(super) const VOXEL_SETTINGS: [&str; 4] = ["kernelRadius", "maskedKernel", "initValue", "voxelBatch"];

/// Settings that act before any filter: among those of one image type they could have no effect.
pub(super) const BEFORE_FILTERS: [&str; 2] = ["label", "label_channel"];
