//! Reading a figure back.
#![allow(dead_code)]

use roxmltree::{Document, Node};

/// The groups of a class, in order.
pub fn groups<'a>(document: &'a Document<'a>, class: &str) -> Vec<Node<'a, 'a>> {
    let groups = document
        .descendants()
        .filter(|n| n.has_tag_name("g") && n.attribute("class").and_then(|c| c.strip_prefix("radsql-")) == Some(class));
    groups.collect()
}

/// All texts within a node, with their positions.
pub fn texts(node: Node<'_, '_>) -> Vec<(f64, f64, String)> {
    let texts = node.descendants().filter(|n| n.has_tag_name("text"));
    texts
        .map(|n| (number(n, "x"), number(n, "y"), n.text().unwrap_or_default().to_owned()))
        .collect()
}

/// The words alone.
pub fn words(node: Node<'_, '_>) -> Vec<String> {
    texts(node).into_iter().map(|t| t.2).collect()
}

/// The points of every path within a node.
pub fn paths(node: Node<'_, '_>) -> Vec<Vec<(f64, f64)>> {
    let paths = node.descendants().filter(|n| n.has_tag_name("path"));
    paths.map(|n| points(n.attribute("d").expect("d"))).collect()
}

fn points(d: &str) -> Vec<(f64, f64)> {
    let steps = d.trim_end_matches('Z').split(['M', 'L']).filter(|s| !s.is_empty());
    let point = |s: &str| {
        let (x, y) = s.trim().split_once(' ').expect("two numbers");
        (x.parse().expect("x"), y.parse().expect("y"))
    };
    steps.map(point).collect()
}

/// An attribute as a number.
pub fn number(node: Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).expect("the attribute").parse().expect("a number")
}

/// From data to pixels by two ticks: their labels and positions tell the scale.
pub fn scale(ticks: &[(f64, String)]) -> impl Fn(f64) -> f64 + use<> {
    let value = |label: &str| label.replace('−', "-").parse::<f64>().expect("a tick's number");
    let (first, last) = (&ticks[0], &ticks[ticks.len() - 1]);
    let (from, to) = (value(&first.1), value(&last.1));
    let (start, end) = (first.0, last.0);
    move |v| start + (v - from) / (to - from) * (end - start)
}

/// The scales of the first frame.
pub fn scales(document: &Document<'_>) -> (impl Fn(f64) -> f64 + use<>, impl Fn(f64) -> f64 + use<>) {
    let at = |class: &str, x: bool| {
        let group = document
            .descendants()
            .find(|n| n.attribute("class").and_then(|c| c.strip_prefix("radsql-")) == Some(class))
            .expect("ticks");
        let ticks: Vec<(f64, String)> = texts(group)
            .into_iter()
            .map(|t| (if x { t.0 } else { t.1 - 4.3 }, t.2))
            .collect();
        scale(&ticks)
    };
    (at("x-ticks", true), at("y-ticks", false))
}

/// Whether two positions are one, to the rounding of a figure.
pub fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 0.03
}

/// Pixels of the first image: width, height, red, green and blue of each.
pub fn image(document: &Document<'_>) -> (usize, usize, Vec<[u8; 3]>) {
    let image = document
        .descendants()
        .find(|n| n.has_tag_name("image"))
        .expect("an image");
    let data = image
        .attribute("href")
        .expect("href")
        .strip_prefix("data:image/png;base64,")
        .expect("PNG");
    let file = decode(data);
    let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().expect("a PNG");
    let mut data = vec![0; reader.output_buffer_size().expect("a size")];
    let info = reader.next_frame(&mut data).expect("pixels");
    let pixels = data.chunks_exact(3).map(|p| [p[0], p[1], p[2]]).collect();
    (info.width as usize, info.height as usize, pixels)
}

fn decode(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}
