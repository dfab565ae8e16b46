//! Pages as Chromium shows them.

use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// What Chromium shows of a page: `None` where there is no Chromium.
pub fn seen(page: &Path, width: u32, dark: bool) -> Option<Value> {
    let chromium = [
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
    ];
    let Some(chromium) = chromium.into_iter().find(|c| Path::new(c).exists()) else {
        eprintln!("SKIPPED: there is no Chromium; the page was not opened");
        return None;
    };
    let profile = tempfile::tempdir().expect("a folder");
    let inspect = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report/inspect.html");
    let url = format!(
        "file://{}?width={width}&page=file://{}",
        inspect.display(),
        page.display()
    );
    let output = Command::new(chromium)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .args(["--allow-file-access-from-files", "--enable-logging=stderr", "--v=0"])
        .arg(format!(
            "--blink-settings=preferredColorScheme={}",
            if dark { 0 } else { 1 }
        ))
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(["--window-size=1400,1000", "--virtual-time-budget=20000", "--dump-dom"])
        .arg(url)
        .output()
        .expect("Chromium runs");
    let (dom, log) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(!log.contains("CONSOLE"), "the console has something: {log}");
    let found = dom
        .split("<pre id=\"found\">")
        .nth(1)
        .and_then(|t| t.split("</pre>").next());
    let found = found
        .unwrap_or_default()
        .replace("&amp;", "&")
        .replace("&lt;", "<")
        .replace("&gt;", ">");
    Some(serde_json::from_str(&found).unwrap_or_else(|e| panic!("{e}: {dom} {log}")))
}
