//! The example's figures are those in `examples/plots`.

#[allow(dead_code)]
#[path = "../examples/figures.rs"]
mod figures;

use radsql_plots::Theme;
use std::path::Path;

#[test]
fn the_example_writes_the_figures_that_are_kept() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../examples/plots"));
    let mut kept = 0;
    for (theme, name) in [(Theme::Light, "light"), (Theme::Dark, "dark")] {
        for (figure, svg) in figures::figures(theme).expect("figures") {
            let file = folder.join(format!("{figure}_{name}.svg"));
            let text = std::fs::read_to_string(&file).expect("a kept figure");
            let again = "cargo run -p radsql-plots --example figures writes it again";
            assert!(text == svg + "\n", "{figure}_{name}.svg is another figure; {again}");
            roxmltree::Document::parse(&text).expect("XML");
            kept += 1;
        }
    }
    let files = std::fs::read_dir(folder).expect("the folder");
    assert_eq!(files.count(), kept, "a figure that no example writes");
}
