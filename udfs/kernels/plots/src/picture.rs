//! Pixels as PNG.

use crate::error::PlotError;

/// Encodes `width` times `height` pixels, each a place in the palette of red, green and blue (at most 256), as squares of
/// `zoom` by `zoom`: viewers that smooth an enlarged image would blur single pixels.
pub(crate) fn encode(
    pixels: &[u8],
    palette: &[[u8; 3]],
    width: usize,
    height: usize,
    zoom: usize,
) -> Result<Vec<u8>, PlotError> {
    let zoom = zoom.max(1);
    let failed = |reason: String| PlotError::Image { reason };
    let size = |n: usize| u32::try_from(n * zoom).map_err(|e| failed(e.to_string()));
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, size(width)?, size(height)?);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(palette.concat());
    // fdeflate: the slower levels are flate2's, whose bytes depend on the backend that the rest of a build chose for it.
    encoder.set_compression(png::Compression::Fast);
    let mut data = Vec::with_capacity(pixels.len() * zoom * zoom);
    for row in pixels.chunks_exact(width.max(1)) {
        let line: Vec<u8> = row.iter().flat_map(|p| std::iter::repeat_n(*p, zoom)).collect();
        for _ in 0..zoom {
            data.extend_from_slice(&line);
        }
    }
    let mut writer = encoder.write_header().map_err(|e| failed(e.to_string()))?;
    writer.write_image_data(&data).map_err(|e| failed(e.to_string()))?;
    writer.finish().map_err(|e| failed(e.to_string()))?;
    Ok(file)
}
