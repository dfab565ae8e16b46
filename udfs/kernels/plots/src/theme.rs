use kuva::render::color::Color;

/// What a figure is looked at on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Theme {
    /// Dark ink on white: paper, and pages with a white ground.
    #[default]
    Light,
    /// Light ink on near-black.
    Dark,
}

/// The palette of Okabe and Ito (2008) without the colours that the ground would swallow.
const LIGHT: [Color; 6] = [
    Color::Rgb(0x00, 0x72, 0xb2),
    Color::Rgb(0xd5, 0x5e, 0x00),
    Color::Rgb(0x00, 0x9e, 0x73),
    Color::Rgb(0xcc, 0x79, 0xa7),
    Color::Rgb(0xe6, 0x9f, 0x00),
    Color::Rgb(0x56, 0xb4, 0xe9),
];
const DARK: [Color; 6] = [
    Color::Rgb(0x56, 0xb4, 0xe9),
    Color::Rgb(0xe6, 0x9f, 0x00),
    Color::Rgb(0x00, 0x9e, 0x73),
    Color::Rgb(0xcc, 0x79, 0xa7),
    Color::Rgb(0xf0, 0xe4, 0x42),
    Color::Rgb(0xd5, 0x5e, 0x00),
];
/// After every colour was used once, they come again in these dashes.
const DASHES: [Option<&str>; 3] = [None, Some("7 4"), Some("2 3")];

/// Series that can be told apart: colours times dashes.
pub(crate) const MAX_SERIES: usize = LIGHT.len() * DASHES.len();

impl Theme {
    /// The ground.
    pub(crate) fn paper(self) -> Color {
        match self {
            Self::Light => Color::Rgb(0xff, 0xff, 0xff),
            Self::Dark => Color::Rgb(0x16, 0x18, 0x1d),
        }
    }

    /// Text, axes, marks.
    pub(crate) fn ink(self) -> Color {
        match self {
            Self::Light => Color::Rgb(0x1a, 0x1a, 0x1a),
            Self::Dark => Color::Rgb(0xe8, 0xe8, 0xe8),
        }
    }

    /// Lines of reference, and text that may stand back. 4.5 to 1 on the ground at least.
    pub(crate) fn muted(self) -> Color {
        match self {
            Self::Light => Color::Rgb(0x66, 0x66, 0x66),
            Self::Dark => Color::Rgb(0xa8, 0xa8, 0xa8),
        }
    }

    /// Stripes behind rows.
    pub(crate) fn stripe(self) -> Color {
        match self {
            Self::Light => Color::Rgb(0xf2, 0xf4, 0xf6),
            Self::Dark => Color::Rgb(0x22, 0x25, 0x2c),
        }
    }

    /// Colour of series `index`.
    pub(crate) fn series(self, index: usize) -> Color {
        let palette = match self {
            Self::Light => &LIGHT,
            Self::Dark => &DARK,
        };
        palette[index % palette.len()].clone()
    }

    /// Dashes of series `index`.
    pub(crate) fn dash(self, index: usize) -> Option<&'static str> {
        DASHES[index / LIGHT.len() % DASHES.len()]
    }
}
