//! The arrows of the house: which package may depend on which. The manifest is the witness.

use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};

/// Our packages, and those of ours and of the world that each may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("radsql", &["radsql-udfs", "radsql-demo"]),
    (
        "radsql-udfs",
        &[
            "radsql-cache",
            "radsql-volume",
            "radsql-imaging",
            "radsql-dicom",
            "radsql-deep",
            "radsql-radiomics",
            "radsql-survival",
            "radsql-plots",
        ],
    ),
    ("radsql-cache", &[]),
    ("radsql-volume", &[]),
    ("radsql-imaging", &["radsql-volume"]),
    ("radsql-dicom", &["radsql-volume", "radsql-imaging"]),
    ("radsql-radiomics", &["radsql-volume"]),
    ("radsql-deep", &["radsql-volume"]),
    ("radsql-survival", &[]),
    ("radsql-plots", &[]),
    ("radsql-demo", &[]),
];

/// What kernels, the cache and the demo must not know.
const OUTSIDE_KERNELS: &[&str] = &["arrow", "arrow-array", "datafusion", "datafusion-common", "tokio"];

#[test]
fn packages_depend_only_along_the_arrows() {
    let metadata = MetadataCommand::new().exec().expect("cargo metadata");
    let ours: BTreeSet<&str> = metadata.workspace_packages().iter().map(|p| p.name.as_str()).collect();
    let listed: BTreeSet<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    assert_eq!(ours, listed, "a package joined or left the house: say where it stands");
    for package in metadata.workspace_packages() {
        let (_, allowed) = ARROWS
            .iter()
            .find(|(name, _)| *name == package.name.as_str())
            .expect("listed");
        for dependency in package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal) {
            if ours.contains(dependency.name.as_str()) {
                assert!(
                    allowed.contains(&dependency.name.as_str()),
                    "{} must not depend on {}",
                    package.name,
                    dependency.name
                );
            }
        }
    }
}

#[test]
fn kernels_know_no_arrow_no_datafusion_no_tokio() {
    let metadata = MetadataCommand::new().exec().expect("cargo metadata");
    let resolve = metadata.resolve.as_ref().expect("a resolved graph");
    let name: BTreeMap<_, _> = metadata.packages.iter().map(|p| (&p.id, p.name.as_str())).collect();
    let nodes: BTreeMap<_, _> = resolve.nodes.iter().map(|n| (&n.id, n)).collect();
    for package in metadata.workspace_packages() {
        let kernel = package.manifest_path.as_str().contains("kernels")
            || ["radsql-cache", "radsql-demo"].contains(&package.name.as_str());
        if !kernel {
            continue;
        }
        let mut seen = BTreeSet::new();
        let mut todo = vec![&package.id];
        while let Some(id) = todo.pop() {
            if !seen.insert(id) {
                continue;
            }
            assert!(
                !OUTSIDE_KERNELS.contains(&name[id]),
                "{} reaches {}",
                package.name,
                name[id]
            );
            let normal = nodes[id]
                .deps
                .iter()
                .filter(|d| d.dep_kinds.iter().any(|k| k.kind == DependencyKind::Normal));
            todo.extend(normal.map(|d| &d.pkg));
        }
        assert!(seen.len() > 1, "{}: the graph was walked", package.name);
    }
}

#[test]
fn every_package_takes_the_lints() {
    // `unsafe` is forbidden by lint in every package: each must take the workspace's lints.
    let metadata = MetadataCommand::new().exec().expect("cargo metadata");
    for package in metadata.workspace_packages() {
        let manifest = std::fs::read_to_string(&package.manifest_path).expect("a manifest");
        assert!(
            manifest.contains("[lints]\nworkspace = true"),
            "{} leaves the lints out",
            package.name
        );
    }
}
