//! Which texts may stand in the page as figures: SVG of shapes, words and small images, and nothing that acts.
//!
//! A text that begins like a figure may come from anywhere, a table for instance. What stands in the page as it is must hold no
//! script, no style, no link and no address.

use roxmltree::{Document, Node};

const ELEMENTS: [&str; 20] = [
    "svg",
    "g",
    "path",
    "text",
    "tspan",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "image",
    "title",
    "desc",
    "defs",
    "clipPath",
    "linearGradient",
    "stop",
    "marker",
    "pattern",
];

/// Whether a text is a figure that may stand in the page.
pub fn is_plain(text: &str) -> bool {
    text.starts_with(super::FIGURE)
        && Document::parse(text).is_ok_and(|document| document.descendants().all(|node| node_is_plain(&node)))
}

fn node_is_plain(node: &Node) -> bool {
    if node.is_pi() {
        return false;
    }
    if !node.is_element() {
        return true;
    }
    ELEMENTS.contains(&node.tag_name().name()) && node.attributes().all(|a| attribute_is_plain(a.name(), a.value()))
}

fn attribute_is_plain(name: &str, value: &str) -> bool {
    let name = name.to_ascii_lowercase();
    if name.starts_with("on") || name == "style" {
        return false;
    }
    if name == "href" || name == "src" {
        return value.starts_with("data:image/png;base64,") || value.starts_with('#');
    }
    // As in url(http://...), which a fill may have.
    !value.contains("url(") || value.contains("url(#")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_figures_are_plain_and_others_are_not() {
        let figure = |inner: &str| format!("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\">{inner}</svg>");
        let image = "<image href=\"data:image/png;base64,AAAA\"/>";
        for plain in [
            "",
            "<g><path d=\"M0 0\" clip-path=\"url(#a)\"/><text x=\"1\">a &lt;b&gt;</text></g>",
            image,
        ] {
            assert!(is_plain(&figure(plain)), "{plain}");
        }
        for other in [
            "<script>alert(1)</script>",
            "<a href=\"x\"><text>y</text></a>",
            "<style>body { display: none }</style>",
            "<foreignObject><p>x</p></foreignObject>",
            "<rect onload=\"x()\"/>",
            "<rect style=\"position: fixed\"/>",
            "<image href=\"http://example.org/x.png\"/>",
            "<rect fill=\"url(http://example.org/x)\"/>",
            "<g>",
            "<?x y?>",
        ] {
            assert!(!is_plain(&figure(other)), "{other}");
        }
        assert!(!is_plain("<svg") && !is_plain("<p/>"));
    }
}
