//! What a client may set, and what its role may do.

use crate::engine::{CatalogStatement, ModelStatement, Planned};
use crate::server::errors::Fault;
use crate::server::names::Role;
use datafusion::common::TableReference;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::{DdlStatement, LogicalPlan, Statement as Command};

/// Settings of a session's own, by their beginnings; each only changes what its queries give or how fast.
const OWN: [&str; 12] = [
    "radsql.on_error",
    "radsql.seed",
    "radsql.radiomics",
    "radsql.cox_ties",
    "radsql.conf_level",
    "datafusion.execution.batch_size",
    "datafusion.execution.target_partitions",
    "datafusion.execution.time_zone",
    "datafusion.execution.collect_statistics",
    "datafusion.execution.parquet.pushdown_filters",
    "datafusion.explain.",
    "datafusion.format.",
];

/// Numbers that would cost too much above these.
const LARGEST: [(&str, u64); 2] = [
    ("datafusion.execution.batch_size", 65_536),
    ("datafusion.execution.target_partitions", 64),
];

/// Whether a setting is a session's own.
pub fn is_own(name: &str) -> bool {
    OWN.iter().any(|own| match own.strip_suffix('.') {
        Some(_) => name.starts_with(own),
        None => name == *own,
    })
}

fn may_set(variable: &str, value: Option<&str>) -> Result<(), Fault> {
    let name = variable.to_lowercase();
    // SET TIME ZONE
    let name = match name.as_str() {
        "timezone" | "time.zone" => "datafusion.execution.time_zone",
        name => name,
    };
    if !is_own(name) {
        return Err(Fault::Forbidden(format!(
            "{variable} is set by whoever runs this server; a session may set {}",
            OWN.map(|own| if own.ends_with('.') {
                format!("{own}*")
            } else {
                own.to_owned()
            })
            .join(", ")
        )));
    }
    let limit = LARGEST.iter().find(|(own, _)| own == &name);
    match (limit, value) {
        (Some((_, most)), Some(value)) if value.parse::<u64>().map_or(true, |n| n == 0 || n > *most) => Err(
            Fault::Invalid(format!("{variable} is a whole number from 1 to {most} here")),
        ),
        _ => Ok(()),
    }
}

/// Whether a user of this role may run a statement, in which temporary tables are named with their schema.
///
/// # Errors
/// [`Fault::Forbidden`], or [`Fault::Invalid`] for a setting's value.
pub fn permit(role: Role, statement: &Planned) -> Result<(), Fault> {
    let plan = match statement {
        Planned::Plan(plan) => plan,
        Planned::Model(ModelStatement::Show) => return Ok(()),
        // A session's own place.
        Planned::Catalog(CatalogStatement::Use(_)) => return Ok(()),
        Planned::Model(_) | Planned::Catalog(_) => return writes(role),
    };
    let mut refused = Ok(());
    let looked = plan.apply_with_subqueries(|node| {
        refused = permit_node(role, node);
        Ok(match refused {
            Ok(()) => TreeNodeRecursion::Continue,
            Err(_) => TreeNodeRecursion::Stop,
        })
    });
    looked.map_err(|_| Fault::Defect)?;
    refused
}

fn writes(role: Role) -> Result<(), Fault> {
    match role {
        Role::Reader => Err(Fault::Forbidden(
            "your role is reader: you may query, and make temporary tables (CREATE TEMP TABLE)".into(),
        )),
        Role::Writer | Role::Admin => Ok(()),
    }
}

fn permit_node(role: Role, node: &LogicalPlan) -> Result<(), Fault> {
    let unless_own = |name: &TableReference| match name.schema() {
        Some(crate::engine::TEMPORARY) if name.catalog().is_none() => Ok(()),
        _ => writes(role),
    };
    match node {
        LogicalPlan::Dml(dml) => unless_own(&dml.table_name),
        LogicalPlan::Copy(_) => writes(role),
        LogicalPlan::Ddl(ddl) => match ddl {
            DdlStatement::CreateMemoryTable(cmd) => unless_own(&cmd.name),
            DdlStatement::CreateView(cmd) => unless_own(&cmd.name),
            DdlStatement::DropTable(cmd) => unless_own(&cmd.name),
            DdlStatement::DropView(cmd) => unless_own(&cmd.name),
            DdlStatement::CreateFunction(_) | DdlStatement::DropFunction(_) => Err(Fault::Forbidden(
                "functions are neither made nor dropped on a server".into(),
            )),
            DdlStatement::CreateCatalog(_) => Err(Fault::Forbidden("a server has one catalog".into())),
            _ => writes(role),
        },
        LogicalPlan::Statement(Command::SetVariable(set)) => may_set(&set.variable, Some(&set.value)),
        LogicalPlan::Statement(Command::ResetVariable(reset)) => may_set(&reset.variable, None),
        // What is prepared may be run later by a shorter statement.
        LogicalPlan::Statement(Command::Prepare(prepare)) => permit(role, &Planned::Plan((*prepare.input).clone())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn promise_06_settings_of_the_server_are_its_own() {
        for name in [
            "datafusion.runtime.memory_limit",
            "datafusion.runtime.temp_directory",
            "datafusion.runtime.max_temp_directory_size",
            "datafusion.sql_parser.recursion_limit",
            "datafusion.catalog.information_schema",
            "datafusion.explain",
            "radsql.memory_limit",
            "radsql.cache_dir",
            "radsql.threads",
            "RADSQL.CACHE_DIR",
            "x",
        ] {
            assert!(matches!(may_set(name, Some("1")), Err(Fault::Forbidden(_))), "{name}");
        }
        for (name, value) in [
            ("datafusion.execution.batch_size", "123"),
            ("radsql.seed", "7"),
            ("datafusion.explain.show_statistics", "true"),
            ("timezone", "UTC"),
        ] {
            assert!(may_set(name, Some(value)).is_ok(), "{name}");
        }
        for value in ["0", "-1", "18446744073709551615", "x"] {
            let set = may_set("datafusion.execution.batch_size", Some(value));
            assert!(matches!(set, Err(Fault::Invalid(_))), "{value}");
        }
    }
}
