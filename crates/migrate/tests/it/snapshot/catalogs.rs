//! Whether a newer server has something that no snapshot sees.

use std::collections::BTreeSet;

use pgkeel_connect::Executor as _;
use pgkeel_testkit::TestDatabase;

/// The statement, with its lines for all versions.
const STATEMENT: &str = concat!(
    include_str!("../../../src/snapshot/sql/close.sql"),
    include_str!("../../../src/snapshot/sql/columns.sql"),
    include_str!("../../../src/snapshot/sql/constraints.sql"),
    include_str!("../../../src/snapshot/sql/elsewhere.sql"),
    include_str!("../../../src/snapshot/sql/frame.sql"),
    include_str!("../../../src/snapshot/sql/functions.sql"),
    include_str!("../../../src/snapshot/sql/operators.sql"),
    include_str!("../../../src/snapshot/sql/relations.sql"),
    include_str!("../../../src/snapshot/sql/rules.sql"),
    include_str!("../../../src/snapshot/sql/schemas.sql"),
    include_str!("../../../src/snapshot/sql/text_search.sql"),
    include_str!("../../../src/snapshot/sql/types.sql"),
);

/// What the server writes out as a definition.
const IN_DEFINITIONS: &str = "
    pg_constraint: conbin conexclop confdelsetcols confdeltype conffeqop confkey confmatchtype confrelid confupdtype conkey connoinherit
                   conperiod conpfeqop conppeqop
    pg_index: indclass indcollation indexprs indimmediate indisexclusion indisprimary indisunique indkey indnatts indnkeyatts
              indnullsnotdistinct indoption indpred
    pg_partitioned_table: partattrs partclass partcollation partdefid partexprs partnatts partrelid partstrat
    pg_proc: proallargtypes proargdefaults proargmodes proargnames pronargdefaults pronargs prorettype prosqlbody provariadic
    pg_rewrite: ev_action ev_qual ev_type is_instead
    pg_statistic_ext: stxexprs stxkeys stxkind
    pg_trigger: tgargs tgattr tgconstrindid tgconstrrelid tgdeferrable tgfoid tginitdeferred tgnargs tgnewtable tgoldtable tgqual tgtype";

/// What follows from something else.
const DERIVED: &str = "
    pg_amop: amopmethod
    pg_attribute: attalign attbyval attcacheoff atthasdef attinhcount attlen
    pg_class: relchecks relhasindex relhasrules relhassubclass relhastriggers relnatts reltype
    pg_constraint: coninhcount
    pg_language: lanispl
    pg_operator: oprkind oprresult
    pg_user_mapping: umserver umuser";

/// What is of rows, files, the machine, or of how an extension is dumped; and dimensions of arrays, which mean nothing.
const NO_SCHEMA: &str = "
    pg_attribute: atthasmissing attmissingval attndims
    pg_class: relallfrozen relallvisible relfilenode relfrozenxid relisshared relminmxid relpages relrewrite reltuples
    pg_collation: collencoding collversion
    pg_extension: extcondition extconfig extrelocatable
    pg_index: indcheckxmin
    pg_subscription: subskiplsn
    pg_type: typndims";

/// What may hold passwords.
const SECRET: &str = "
    pg_subscription: subconninfo
    pg_user_mapping: umoptions";

const CATALOGS: &str = "pg_aggregate pg_am pg_amop pg_amproc pg_attrdef pg_attribute pg_cast pg_class pg_collation pg_constraint
    pg_conversion pg_default_acl pg_description pg_enum pg_event_trigger pg_extension pg_foreign_data_wrapper pg_foreign_server
    pg_foreign_table pg_index pg_inherits pg_language pg_namespace pg_opclass pg_operator pg_opfamily pg_partitioned_table
    pg_policy pg_proc pg_publication pg_publication_namespace pg_publication_rel pg_range pg_rewrite pg_sequence pg_statistic_ext
    pg_subscription pg_transform pg_trigger pg_ts_config pg_ts_config_map pg_ts_dict pg_ts_parser pg_ts_template pg_type
    pg_user_mapping";

/// Catalogs of rows, of statistics, of the whole server, and of large objects; security labels are not covered.
const OTHER_CATALOGS: &str = "pg_auth_members pg_authid pg_database pg_db_role_setting pg_depend pg_init_privs pg_largeobject
    pg_largeobject_metadata pg_parameter_acl pg_pltemplate pg_replication_origin pg_seclabel pg_shdepend pg_shdescription
    pg_shseclabel pg_statistic pg_statistic_ext_data pg_subscription_rel pg_tablespace";

fn left_out() -> BTreeSet<(&'static str, &'static str)> {
    let (mut left_out, mut catalog) = (BTreeSet::new(), "");
    for word in [IN_DEFINITIONS, DERIVED, NO_SCHEMA, SECRET].iter().flat_map(|list| list.split_whitespace()) {
        match word.strip_suffix(':') {
            Some(name) => catalog = name,
            None => drop(left_out.insert((catalog, word))),
        }
    }
    left_out
}

#[tokio::test]
async fn every_column_of_every_catalog_is_read_or_left_out_for_a_reason() {
    let database = TestDatabase::empty().await;
    let sql = "select c.relname::text, a.attname::text from pg_class as c join pg_attribute as a on a.attrelid = c.oid
               where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'r' and a.attnum > 0";
    let rows = database.connection().await.query(sql, &[]).await.unwrap();
    let (left_out, catalogs): (_, Vec<&str>) = (left_out(), CATALOGS.split_whitespace().collect());
    let read: BTreeSet<&str> =
        STATEMENT.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').collect();
    let mut unseen = BTreeSet::new();
    for row in &rows {
        let (catalog, column): (&str, &str) = (row.get(0), row.get(1));
        if !catalogs.contains(&catalog) {
            let is_known = OTHER_CATALOGS.split_whitespace().any(|other| other == catalog);
            unseen.extend((!is_known).then(|| catalog.to_owned()));
        } else if !read.contains(column) && !left_out.contains(&(catalog, column)) {
            unseen.insert(format!("{catalog}.{column}"));
        }
    }
    assert!(unseen.is_empty(), "nobody has said what a snapshot makes of {unseen:?}");
}
