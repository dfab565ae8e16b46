//! Plots of results that a session gives.

use super::*;
use crate::Session;
use radsql_udfs::plots::figures::{KaplanMeierGroup, RocCurve};

const UNICODE: TextStyle = TextStyle {
    colours: false,
    unicode: true,
};

/// Sixty patients: time, event, two markers, a group of text, one of truth values.
const PATIENTS: &str = "(SELECT i * 37 % 101 + 1 AS os, i % 3 > 0 AS dead, (i * 7 % 11)::DOUBLE AS a, (i * 5 % 13)::DOUBLE AS b, \
                        CASE WHEN i % 2 = 0 THEN 'high' ELSE 'low' END AS arm, i % 5 = 0 AS old FROM (SELECT value AS i FROM range(1, 61)))";

async fn plot(sql: &str) -> Result<Plot, String> {
    let session = Session::new().expect("a session");
    let sql = sql.replace("patients", PATIENTS);
    let frame = session.sql(&sql).await.expect("a plan");
    let schema = std::sync::Arc::new(frame.schema().as_arrow().clone());
    let batches = frame.collect().await.expect("rows");
    of_result(&schema, &batches)
}

async fn curves(sql: &str) -> Vec<KaplanMeierGroup> {
    match plot(sql).await {
        Ok(Plot::KaplanMeier(plot)) => {
            let text = Plot::KaplanMeier(plot.clone()).terminal(TextSize::default(), UNICODE);
            assert!(text.expect("text").contains("Survival"), "{sql}");
            plot.groups
        }
        other => panic!("{sql}: {other:?}"),
    }
}

async fn roc(sql: &str) -> Vec<RocCurve> {
    match plot(sql).await {
        Ok(Plot::Roc(plot)) => {
            let text = Plot::Roc(plot.clone()).terminal(TextSize::default(), UNICODE);
            assert!(text.expect("text").contains("Sensitivity"), "{sql}");
            plot.curves
        }
        other => panic!("{sql}: {other:?}"),
    }
}

async fn error(sql: &str) -> String {
    plot(sql).await.expect_err(sql)
}

/// As text: a limit that is not defined is not equal to itself.
fn same(found: &[KaplanMeierGroup], expected: &[KaplanMeierGroup]) {
    assert_eq!(format!("{found:?}"), format!("{expected:?}"));
}

#[tokio::test]
async fn survival_curves_of_rows_and_of_lists() {
    let rows = curves("SELECT * FROM kaplan_meier(patients, time => os, event => dead, by => arm)").await;
    let names: Vec<&str> = rows.iter().map(|g| g.name.as_str()).collect();
    assert_eq!(names, ["high", "low"]);
    assert_eq!((rows[0].at_risk[0], rows[1].at_risk[0]), (30.0, 30.0));
    assert!(
        rows.iter()
            .all(|g| g.lower.len() == g.times.len() && !g.censor_times.is_empty())
    );
    // The list of the aggregate holds the same curves, whatever the order of its rows.
    let lists =
        curves("SELECT arm, kaplan_meier(os, dead) AS curve FROM patients GROUP BY arm ORDER BY arm DESC").await;
    same(&lists, &rows);
    let unordered =
        curves("SELECT * FROM kaplan_meier(patients, time => os, event => dead, by => arm) ORDER BY survival, arm")
            .await;
    same(&unordered, &rows);
    let one = curves("SELECT kaplan_meier(os, dead) FROM patients").await;
    assert_eq!((one.len(), one[0].name.as_str(), one[0].at_risk[0]), (1, "All", 60.0));
    let truths =
        curves("SELECT old, time, survival FROM kaplan_meier(patients, time => os, event => dead, by => old)").await;
    let names: Vec<&str> = truths.iter().map(|g| g.name.as_str()).collect();
    assert_eq!(names, ["old = false", "old = true"]);
    assert!(truths[0].at_risk.is_empty());
    let both = curves("SELECT arm, old, kaplan_meier(os, dead) AS c FROM patients GROUP BY arm, old").await;
    assert_eq!(both[1].name, "high, old = true");
    let missing =
        error("SELECT time, survival FROM kaplan_meier(patients, time => os, event => dead, by => arm)").await;
    assert!(missing.contains("tells curves apart"), "{missing}");
}

#[tokio::test]
async fn roc_curves_with_their_areas() {
    let rows =
        roc("SELECT * FROM time_roc_curve(patients, time => os, event => dead, marker => [a, b], times => [24, 48])")
            .await;
    let names: Vec<&str> = rows.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["a, t = 24", "a, t = 48", "b, t = 24", "b, t = 48"]);
    // The area that is drawn is the one that the aggregate answers.
    let fit = roc("SELECT time_roc(os, dead, a, 24) AS fit FROM patients").await;
    assert_eq!(fit.len(), 1);
    assert_eq!(fit[0].name, "t = 24");
    assert!(
        (fit[0].auc - rows[0].auc).abs() < 1e-12,
        "{} {}",
        fit[0].auc,
        rows[0].auc
    );
    assert!(fit[0].auc_lower < fit[0].auc);
    assert_eq!(fit[0].false_positive, rows[0].false_positive);
    let parts = roc("SELECT arm, time_roc(os, dead, a, 24)['curve'] AS c FROM patients GROUP BY arm").await;
    let names: Vec<&str> = parts.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["high", "low"]);
}

#[tokio::test]
async fn the_area_that_is_drawn_is_the_one_that_is_computed() {
    for weighting in ["marginal", "cox", "nne", "km"] {
        let call = |function: &str| {
            format!(
                "{function}(patients, time => os, event => dead, marker => a, times => 24, weighting => '{weighting}')"
            )
        };
        let drawn = roc(&format!("SELECT * FROM {}", call("time_roc_curve"))).await;
        let session = Session::new().expect("a session");
        let sql = format!("SELECT auc FROM {}", call("time_roc")).replace("patients", PATIENTS);
        let batches = session.sql(&sql).await.expect("a plan").collect().await.expect("rows");
        let computed = Rows::new(&batches[0].schema(), &batches)
            .expect("rows")
            .numbers("auc")
            .expect("auc")[0];
        assert!(
            (drawn[0].auc - computed).abs() < 1e-9,
            "{weighting}: {} {computed}",
            drawn[0].auc
        );
    }
}

#[tokio::test]
async fn ratios_of_fits_and_of_rows() {
    let forest = async |sql: &str| match plot(sql).await {
        Ok(Plot::Forest(plot)) => plot,
        other => panic!("{sql}: {other:?}"),
    };
    let rows = forest("SELECT * FROM cox((SELECT os, dead, a, b, arm FROM patients), time => os, event => dead)").await;
    let names: Vec<&str> = rows.rows.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "arm=low"]);
    assert!(
        rows.rows
            .iter()
            .all(|r| r.lower < r.ratio && r.ratio < r.upper && r.p.is_some())
    );
    let fit = forest("SELECT cox(os, dead, a, b, arm) AS fit FROM patients").await;
    assert_eq!(fit, rows);
    let univariate = forest("SELECT univariate_cox(os, dead, a, b) FROM patients").await;
    assert_eq!(univariate.rows.len(), 2);
    let halves = forest("SELECT old, cox(os, dead, a) AS fit FROM patients GROUP BY old ORDER BY old").await;
    assert_eq!(halves.rows[1].name, "a, old = true");
    let given = forest("SELECT * FROM (VALUES ('x', 2.0, 1.5, 3.0)) AS t(what, odds_ratio, lower, upper)").await;
    assert_eq!(
        (given.axis_label.as_str(), given.rows[0].name.as_str()),
        ("Odds ratio", "x")
    );
    let text = Plot::Forest(given)
        .terminal(TextSize::default(), UNICODE)
        .expect("text");
    assert!(text.contains("2.00 (1.50–3.00)"), "{text}");
}

#[tokio::test]
async fn numbers_are_counted() {
    let histogram = async |sql: &str| match plot(sql).await {
        Ok(Plot::Histogram(plot)) => plot,
        other => panic!("{sql}: {other:?}"),
    };
    let one = histogram("SELECT a FROM patients").await;
    assert_eq!(
        (one.label.as_str(), one.groups.len(), one.groups[0].scores.len()),
        ("a", 1, 60)
    );
    let two = histogram("SELECT arm, a FROM patients").await;
    assert_eq!((two.groups[0].name.as_str(), two.groups[0].scores.len()), ("high", 30));
    let truths = histogram("SELECT a, old FROM patients").await;
    assert_eq!(
        (truths.groups[1].name.as_str(), truths.groups[1].scores.len()),
        ("old = true", 12)
    );
    // A name a row is no group; NULL is no number.
    let named = histogram("SELECT * FROM (VALUES ('p1', 1), ('p2', 2), ('p3', NULL)) AS t(id, x)").await;
    assert_eq!((named.groups.len(), named.groups[0].scores.len()), (1, 2));
    let text = Plot::Histogram(two)
        .terminal(TextSize::default(), UNICODE)
        .expect("text");
    assert!(text.contains("high (n = 30)"), "{text}");
}

#[tokio::test]
async fn what_cannot_be_drawn_says_what_can() {
    for sql in [
        "SELECT a, b FROM patients",
        "SELECT arm FROM patients",
        "SELECT [1.0, 2.0] AS deep",
    ] {
        let error = error(sql).await;
        assert!(error.contains("kaplan_meier") && error.contains("histogram"), "{error}");
    }
    assert!(error("SELECT a FROM patients WHERE a > 99").await.contains("no rows"));
    assert!(error("SELECT NULL::DOUBLE AS x").await.contains("no number"));
    let many = error("SELECT arm, km_plot(os, dead, old) AS svg FROM patients GROUP BY arm").await;
    assert!(many.contains("2 figures"), "{many}");
    // Survival in months is no probability.
    assert!(
        error("SELECT os AS time, a AS survival FROM patients")
            .await
            .contains("histogram")
    );
}

#[tokio::test]
async fn a_figure_is_saved_as_it_is() {
    let plot = plot("SELECT 'all' AS what, km_plot(os, dead, arm) AS svg FROM patients")
        .await
        .expect("a plot");
    let Plot::Figure(svg) = &plot else {
        panic!("{plot:?}");
    };
    let refused = plot.terminal(TextSize::default(), UNICODE).expect_err("no text");
    assert!(refused.contains("\\plot file.svg"), "{refused}");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("figure.svg");
    std::fs::write(&file, "old").expect("a file");
    plot.save(&file).expect("saved");
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), format!("{svg}\n"));
    // What others could make it fetch or run is no figure.
    let evil = "SELECT '<svg xmlns=\"http://www.w3.org/2000/svg\"><image href=\"/etc/passwd\"/></svg>' AS svg";
    assert!(error(evil).await.contains("nothing that can be drawn"));
}

#[tokio::test]
async fn plots_are_saved_as_their_names_end() {
    let plot = plot("SELECT * FROM kaplan_meier(patients, time => os, event => dead, by => arm)")
        .await
        .expect("a plot");
    let folder = tempfile::tempdir().expect("a folder");
    let read = |name: &str| {
        let file = folder.path().join(name);
        plot.save(&file).expect(name);
        std::fs::read(&file).expect("the file")
    };
    assert!(read("a.svg").starts_with(b"<svg") && read("b.SVG").starts_with(b"<svg"));
    assert!(
        String::from_utf8(read("a.txt"))
            .expect("text")
            .contains("Number at risk")
    );
    if fonts() {
        assert!(read("a.png").starts_with(b"\x89PNG"));
    }
    for name in ["a.jpg", "a"] {
        let error = plot.save(&folder.path().join(name)).expect_err("no such ending");
        assert!(error.contains(".svg, .png or .txt"), "{error}");
    }
    let error = plot.save(&folder.path().join("none/a.svg")).expect_err("no folder");
    assert!(error.contains("cannot be written"), "{error}");
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("the folder").count(),
        3 + usize::from(fonts())
    );
}

fn fonts() -> bool {
    let there = pixels::png(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"9\" height=\"9\"/>",
        |_, _| 1.0,
    )
    .is_ok();
    if !there {
        eprintln!("no font on this system: pictures are not tested");
    }
    there
}

#[tokio::test]
async fn pictures_fit_the_terminal() {
    if !fonts() {
        return;
    }
    let plot = plot("SELECT arm, a FROM patients").await.expect("a plot");
    let kitty = plot.image(Images::Kitty, TextSize::default()).expect("a picture");
    assert!(kitty.starts_with(b"\x1b_Ga=T,f=100,q=2,c=") && kitty.ends_with(b"\x1b\\\n"));
    let columns = String::from_utf8_lossy(&kitty[19..21]).parse::<u32>().expect("columns");
    assert!((20..=80).contains(&columns), "{columns}");
    let iterm = plot.image(Images::Iterm, TextSize::default()).expect("a picture");
    assert!(iterm.starts_with(b"\x1b]1337;File=inline=1;size=") && iterm.ends_with(b"\x07\n"));
    let sixel = plot.image(Images::Sixel, TextSize::default()).expect("a picture");
    assert!(sixel.starts_with(b"\x1bP") && sixel.ends_with(b"\x1b\\\n"));
}

#[test]
fn a_picture_has_its_text_and_its_image_but_no_file() {
    if !fonts() {
        return;
    }
    let figure = |inner: &str| {
        let svg = format!("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"60\" height=\"30\">{inner}</svg>");
        let pixmap = pixels::draw(&svg, |_, _| 1.0).expect("a picture");
        pixmap.pixels().iter().filter(|p| p.alpha() > 0).count()
    };
    assert_eq!(figure(""), 0);
    let families = "Helvetica, Arial, Liberation Sans, DejaVu Sans, sans-serif";
    assert!(
        figure(&format!(
            "<text x=\"5\" y=\"20\" font-family=\"{families}\">Text</text>"
        )) > 20
    );
    let (data, _) = png_of_one_pixel();
    assert!(
        figure(&format!(
            "<image width=\"10\" height=\"10\" href=\"data:image/png;base64,{data}\"/>"
        )) > 50
    );
    let (_, file) = png_of_one_pixel();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("pixel.png");
    std::fs::write(&path, file).expect("a file");
    assert_eq!(
        figure(&format!(
            "<image width=\"10\" height=\"10\" href=\"{}\"/>",
            path.display()
        )),
        0
    );
    assert!(pixels::draw("<svg", |_, _| 1.0).is_err());
}

fn png_of_one_pixel() -> (String, Vec<u8>) {
    use base64::Engine as _;
    let red = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1\" height=\"1\"><rect width=\"1\" height=\"1\" fill=\"red\"/></svg>";
    let png = pixels::png(red, |_, _| 1.0).expect("a picture");
    (base64::engine::general_purpose::STANDARD.encode(&png), png)
}
