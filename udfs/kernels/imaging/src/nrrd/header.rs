use crate::error::Problem;
use crate::sample::ByteOrder;
use radsql_volume::VoxelType;
use std::io::{BufRead, Read};

/// Most bytes of a header; key/value pairs of other programs can make it long.
const HEADER_LIMIT: u64 = 1 << 20;

/// How the numbers are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    Raw,
    Gzip,
    Text,
}

/// Where the voxels begin, after skipped lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Skip {
    Bytes(u64),
    /// So that the voxels end with the file.
    ToEnd,
}

/// The frame in which directions and origin are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Space {
    Lps,
    Ras,
    Las,
    /// Scanner coordinates and plain right- or left-handed frames, which ITK takes as they are.
    Other,
}

/// The fields of a header that matter for voxels and geometry.
pub(super) struct Fields {
    pub voxel_type: VoxelType,
    pub sizes: Vec<i64>,
    pub compression: Compression,
    pub order: Option<ByteOrder>,
    pub line_skip: u64,
    pub byte_skip: Skip,
    pub data_file: Option<String>,
    pub space: Option<Space>,
    /// Length of the vectors in space.
    pub space_dimension: usize,
    pub spacings: Option<Vec<f64>>,
    pub axis_mins: Option<Vec<f64>>,
    pub axis_maxs: Option<Vec<f64>>,
    pub centers: Vec<Option<Center>>,
    /// A vector for each axis, or `None` for an axis that is not in space.
    pub directions: Option<Vec<Option<Vec<f64>>>>,
    pub origin: Option<Vec<f64>>,
    pub kinds: Vec<String>,
}

/// Whether a position along an axis is a voxel's centre or its border.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Center {
    Cell,
    Node,
}

/// Every field name of the format; those without a meaning here are read over.
const NAMES: &[(&str, &str)] = &[
    ("content", "content"),
    ("number", "number"),
    ("type", "type"),
    ("block size", "block size"),
    ("blocksize", "block size"),
    ("dimension", "dimension"),
    ("space", "space"),
    ("space dimension", "space dimension"),
    ("spacedimension", "space dimension"),
    ("sizes", "sizes"),
    ("spacings", "spacings"),
    ("thicknesses", "thicknesses"),
    ("axis mins", "axis mins"),
    ("axismins", "axis mins"),
    ("axis maxs", "axis maxs"),
    ("axismaxs", "axis maxs"),
    ("space directions", "space directions"),
    ("spacedirections", "space directions"),
    ("centers", "centers"),
    ("centerings", "centers"),
    ("kinds", "kinds"),
    ("labels", "labels"),
    ("units", "units"),
    ("min", "min"),
    ("max", "max"),
    ("old min", "old min"),
    ("oldmin", "old min"),
    ("old max", "old max"),
    ("oldmax", "old max"),
    ("data file", "data file"),
    ("datafile", "data file"),
    ("endian", "endian"),
    ("encoding", "encoding"),
    ("line skip", "line skip"),
    ("lineskip", "line skip"),
    ("byte skip", "byte skip"),
    ("byteskip", "byte skip"),
    ("sample units", "sample units"),
    ("sampleunits", "sample units"),
    ("space units", "space units"),
    ("spaceunits", "space units"),
    ("space origin", "space origin"),
    ("spaceorigin", "space origin"),
    ("measurement frame", "measurement frame"),
    ("measurementframe", "measurement frame"),
];

/// Field names and values as they stand in the header.
struct Lines(Vec<(&'static str, String)>);

impl Lines {
    fn get(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|(f, _)| *f == field).map(|(_, v)| v.as_str())
    }

    fn need(&self, field: &'static str) -> Result<&str, Problem> {
        self.get(field).ok_or(Problem::FieldMissing { field })
    }
}

impl Fields {
    /// Reads the header up to and with the empty line behind it.
    pub fn read(reader: &mut impl BufRead) -> Result<Self, Problem> {
        Self::interpret(&read_lines(reader)?)
    }

    fn interpret(lines: &Lines) -> Result<Self, Problem> {
        let dimension: usize = match lines.need("dimension")?.parse() {
            Ok(n @ 1..=16) => n,
            _ => {
                return Err(bad("dimension", lines.need("dimension")?, "a number from 1 to 16"));
            }
        };
        let space = space(lines)?;
        let numbers = |field| lines.get(field).map(|v| numbers(field, v, dimension)).transpose();
        Ok(Self {
            voxel_type: voxel_type(lines.need("type")?)?,
            sizes: sizes(lines.need("sizes")?, dimension)?,
            compression: compression(lines.need("encoding")?)?,
            order: lines.get("endian").map(order).transpose()?,
            line_skip: match lines.get("line skip") {
                None => 0,
                Some(v) => v.parse().map_err(|_| bad("line skip", v, "a number of lines"))?,
            },
            byte_skip: match lines.get("byte skip") {
                None => Skip::Bytes(0),
                Some("-1") => Skip::ToEnd,
                Some(v) => Skip::Bytes(v.parse().map_err(|_| bad("byte skip", v, "a number of bytes, or -1"))?),
            },
            data_file: lines.get("data file").map(data_file).transpose()?,
            space: space.map(|(s, _)| s),
            space_dimension: space.map_or(0, |(_, n)| n),
            spacings: numbers("spacings")?,
            axis_mins: numbers("axis mins")?,
            axis_maxs: numbers("axis maxs")?,
            centers: match lines.get("centers") {
                None => vec![None; dimension],
                Some(v) => words("centers", v, dimension)?
                    .into_iter()
                    .map(|w| match w.to_ascii_lowercase().as_str() {
                        "cell" => Ok(Some(Center::Cell)),
                        "node" => Ok(Some(Center::Node)),
                        "???" | "none" => Ok(None),
                        _ => Err(bad("centers", w, "cell, node or ???")),
                    })
                    .collect::<Result<_, _>>()?,
            },
            directions: lines
                .get("space directions")
                .map(|v| directions(v, dimension))
                .transpose()?,
            origin: lines
                .get("space origin")
                .map(|v| match vectors("space origin", v)?.as_slice() {
                    [Some(origin)] => Ok(origin.clone()),
                    _ => Err(bad("space origin", v, "one vector, like (0,0,0)")),
                })
                .transpose()?,
            kinds: match lines.get("kinds") {
                None => vec![],
                Some(v) => words("kinds", v, dimension)?
                    .into_iter()
                    .map(str::to_ascii_lowercase)
                    .collect(),
            },
        })
    }
}

/// The beginning of a text from a file, fit to be shown: without control characters.
fn shown(text: &str) -> String {
    text.chars().take(80).flat_map(char::escape_debug).collect()
}

fn bad(field: &'static str, found: &str, expected: &'static str) -> Problem {
    Problem::FieldValue {
        field,
        found: shown(found),
        expected,
    }
}

fn read_lines(reader: &mut impl BufRead) -> Result<Lines, Problem> {
    let mut limited = reader.by_ref().take(HEADER_LIMIT);
    let (mut lines, mut used, mut raw) = (Vec::new(), 0u64, Vec::new());
    for line in 1.. {
        raw.clear();
        let n = limited.read_until(b'\n', &mut raw)?;
        used += n as u64;
        if n == 0 && used < HEADER_LIMIT {
            // A header with a data file of its own may end without an empty line.
            break;
        }
        if raw.last() != Some(&b'\n') && used >= HEADER_LIMIT {
            return Err(Problem::HeaderTooLong { limit: HEADER_LIMIT });
        }
        let text = String::from_utf8_lossy(&raw);
        let text = text.trim_end_matches(['\n', '\r']);
        let not_understood = || Problem::HeaderLine {
            line,
            text: shown(text),
        };
        if line == 1 {
            let version = text.strip_prefix("NRRD000").and_then(|v| v.parse::<u8>().ok());
            if !matches!(version, Some(1..=6)) {
                return Err(not_understood());
            }
            continue;
        }
        if text.is_empty() {
            break;
        }
        if text.starts_with('#') || is_key_value(text) {
            continue;
        }
        let (name, value) = text.split_once(':').ok_or_else(not_understood)?;
        let (_, field) = NAMES
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .ok_or_else(not_understood)?;
        if lines.iter().any(|(f, _)| f == field) {
            return Err(Problem::FieldTwice { field });
        }
        lines.push((*field, value.trim().to_owned()));
        if *field == "data file" && value.trim().starts_with("LIST") {
            // Names of files follow up to the end.
            break;
        }
    }
    Ok(Lines(lines))
}

/// `key:=value`, which is any program's own and has no meaning in the format.
fn is_key_value(text: &str) -> bool {
    let value = text.find(":=");
    let field = text.find(": ");
    value.is_some_and(|v| field.is_none_or(|f| v < f))
}

fn voxel_type(name: &str) -> Result<VoxelType, Problem> {
    Ok(match name.to_ascii_lowercase().as_str() {
        "signed char" | "int8" | "int8_t" => VoxelType::I8,
        "uchar" | "unsigned char" | "uint8" | "uint8_t" => VoxelType::U8,
        "short" | "short int" | "signed short" | "signed short int" | "int16" | "int16_t" => VoxelType::I16,
        "ushort" | "unsigned short" | "unsigned short int" | "uint16" | "uint16_t" => VoxelType::U16,
        "int" | "signed int" | "int32" | "int32_t" => VoxelType::I32,
        "uint" | "unsigned int" | "uint32" | "uint32_t" => VoxelType::U32,
        "longlong"
        | "long long"
        | "long long int"
        | "signed long long"
        | "signed long long int"
        | "int64"
        | "int64_t" => VoxelType::I64,
        "ulonglong" | "unsigned long long" | "unsigned long long int" | "uint64" | "uint64_t" => VoxelType::U64,
        "float" => VoxelType::F32,
        "double" => VoxelType::F64,
        _ => {
            return Err(Problem::VoxelType {
                found: format!("'{}'", shown(name)),
            });
        }
    })
}

fn compression(name: &str) -> Result<Compression, Problem> {
    match name.to_ascii_lowercase().as_str() {
        "raw" => Ok(Compression::Raw),
        "gz" | "gzip" => Ok(Compression::Gzip),
        "txt" | "text" | "ascii" => Ok(Compression::Text),
        _ => Err(bad("encoding", name, "raw, gzip or ascii")),
    }
}

fn order(name: &str) -> Result<ByteOrder, Problem> {
    match name.to_ascii_lowercase().as_str() {
        "little" => Ok(ByteOrder::Little),
        "big" => Ok(ByteOrder::Big),
        _ => Err(bad("endian", name, "little or big")),
    }
}

fn data_file(name: &str) -> Result<String, Problem> {
    let several = name == "LIST" || name.starts_with("LIST ") || (name.contains('%') && name.contains(' '));
    if several || name.is_empty() {
        return Err(bad("data file", name, "the name of one file"));
    }
    Ok(name.to_owned())
}

/// The frame and its number of dimensions.
fn space(lines: &Lines) -> Result<Option<(Space, usize)>, Problem> {
    if let Some(name) = lines.get("space") {
        let space = match name.to_ascii_lowercase().as_str() {
            "right-anterior-superior" | "ras" => Space::Ras,
            "left-anterior-superior" | "las" => Space::Las,
            "left-posterior-superior" | "lps" => Space::Lps,
            "scanner-xyz" | "3d-right-handed" | "3d-left-handed" => Space::Other,
            _ => {
                return Err(bad(
                    "space",
                    name,
                    "a frame of three dimensions, like left-posterior-superior or RAS",
                ));
            }
        };
        return Ok(Some((space, 3)));
    }
    match lines.get("space dimension") {
        None => Ok(None),
        Some("2") => Ok(Some((Space::Other, 2))),
        Some("3") => Ok(Some((Space::Other, 3))),
        Some(n) => Err(bad("space dimension", n, "2 or 3")),
    }
}

fn words<'a>(field: &'static str, value: &'a str, dimension: usize) -> Result<Vec<&'a str>, Problem> {
    let words: Vec<&str> = value.split_whitespace().collect();
    if words.len() == dimension {
        Ok(words)
    } else {
        Err(bad(field, value, "one value for each dimension"))
    }
}

fn sizes(value: &str, dimension: usize) -> Result<Vec<i64>, Problem> {
    words("sizes", value, dimension)?
        .into_iter()
        .map(|w| w.parse().map_err(|_| bad("sizes", w, "a whole number")))
        .collect()
}

fn numbers(field: &'static str, value: &str, dimension: usize) -> Result<Vec<f64>, Problem> {
    words(field, value, dimension)?
        .into_iter()
        .map(|w| number(field, w))
        .collect()
}

fn number(field: &'static str, word: &str) -> Result<f64, Problem> {
    word.trim().parse().map_err(|_| bad(field, word, "a number"))
}

fn directions(value: &str, dimension: usize) -> Result<Vec<Option<Vec<f64>>>, Problem> {
    let found = vectors("space directions", value)?;
    if found.len() == dimension {
        Ok(found)
    } else {
        Err(bad(
            "space directions",
            value,
            "one vector (or none) for each dimension",
        ))
    }
}

/// Vectors like `(1,0,0) (0,1,0) none`.
fn vectors(field: &'static str, value: &str) -> Result<Vec<Option<Vec<f64>>>, Problem> {
    let mut found = Vec::new();
    let mut rest = value.trim_start();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("none") {
            found.push(None);
            rest = after.trim_start();
            continue;
        }
        let (inner, after) = rest
            .strip_prefix('(')
            .and_then(|r| r.split_once(')'))
            .ok_or_else(|| bad(field, value, "vectors, like (1,0,0) (0,1,0) (0,0,1)"))?;
        let vector = inner
            .split(',')
            .map(|w| number(field, w))
            .collect::<Result<Vec<f64>, _>>()?;
        found.push(Some(vector));
        rest = after.trim_start();
    }
    Ok(found)
}
