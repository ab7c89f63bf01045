use std::fmt;

use crate::entity::EntityFacts;
use crate::row::ReadRows;
use crate::{Error, Executor};

/// One row a policy that applies to the role, or one without a policy; each table in the order in which it was asked for.
const SEEN: &str = "select asked.place, role.rolsuper, role.rolbypassrls, class.oid is not null,
        coalesce(class.relrowsecurity, false), coalesce(class.relforcerowsecurity, false),
        coalesce(pg_catalog.pg_has_role(class.relowner, 'usage'), false),
        policy.polname::text, coalesce(policy.polpermissive, false), policy.polcmd::text,
        pg_catalog.pg_get_expr(policy.polqual, policy.polrelid), pg_catalog.pg_get_expr(policy.polwithcheck, policy.polrelid)
    from unnest($1::text[]) with ordinality as asked(name, place)
    cross join (select rolsuper, rolbypassrls from pg_catalog.pg_roles where rolname = current_user) as role
    left join pg_catalog.pg_class as class on class.oid = pg_catalog.to_regclass(asked.name)
    left join pg_catalog.pg_policy as policy on policy.polrelid = class.oid
        and exists (select from unnest(policy.polroles) as allowed(role)
            where allowed.role = 0 or pg_catalog.pg_has_role(allowed.role, 'usage'))
    order by asked.place, policy.polname";

/// As the server writes the name of the setting in an expression.
const SETTING: &str = "'pgkeel.tenant'";

/// What leaves rows open to other tenants, or closed to their own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Finding {
    /// The table, as the entity says it.
    pub table: &'static str,
    /// What is wrong with it.
    pub gap: Gap,
}

/// What is wrong with a table, or with the role that looks at it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Gap {
    /// There is no such table, or the role may not look into its schema.
    Missing,
    /// The role is a superuser, for whom no policy holds.
    Superuser,
    /// The role has BYPASSRLS: no policy holds for it.
    BypassRls,
    /// The role owns the table, or is a member of the role that does: it can turn row-level security off.
    Owner,
    /// Row-level security is not enabled.
    NotEnabled,
    /// Row-level security is not forced: it does not hold for the owner.
    NotForced,
    /// No policy lets the role see any row: not open, but of no use.
    NoPolicy,
    /// A policy has no USING: it lets all rows be seen.
    NoUsing {
        /// Its name.
        policy: String,
    },
    /// A policy has no WITH CHECK. What is written is then held against USING, if it has that; else it may be anybody's.
    NoCheck {
        /// Its name.
        policy: String,
    },
    /// A policy lets rows through without a look at the tenant, and no restrictive one holds them back.
    Open {
        /// Its name.
        policy: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.table)?;
        match &self.gap {
            Gap::Missing => f.write_str("there is no such table"),
            Gap::Superuser => f.write_str("the role is a superuser; connect as one that is not"),
            Gap::BypassRls => f.write_str("the role has BYPASSRLS; connect as one without"),
            Gap::Owner => f.write_str("the role owns the table; connect as another one"),
            Gap::NotEnabled => f.write_str("row-level security is not enabled; `policy_sql` writes what does so"),
            Gap::NotForced => f.write_str(
                "row-level security is not forced, so it does not hold for the owner; `policy_sql` writes what does so",
            ),
            Gap::NoPolicy => f.write_str("no policy lets the role see any row; `policy_sql` writes one"),
            Gap::NoUsing { policy } => write!(f, "the policy {policy} has no USING, which `policy_sql` writes"),
            Gap::NoCheck { policy } => {
                write!(f, "the policy {policy} has no WITH CHECK, which `policy_sql` writes")
            }
            Gap::Open { policy } => {
                write!(f, "the policy {policy} does not look at the tenant, as that of `policy_sql` does")
            }
        }
    }
}

/// What the server tells of a table and one of its policies.
type Seen = (
    i64,
    bool,
    bool,
    bool,
    bool,
    bool,
    bool,
    Option<String>,
    bool,
    Option<String>,
    Option<String>,
    Option<String>,
);

/// A policy that applies to the role.
struct Policy {
    name: String,
    is_permissive: bool,
    command: String,
    using: Option<String>,
    check: Option<String>,
}

/// Looks whether tenants are held apart, as the role of this executor sees the tables of these entities. Nothing is found where
/// [`policy_sql`](super::policy_sql) was applied, and the role is another one than the owner.
///
/// ```
/// use pgkeel_query::connect::Executor;
/// use pgkeel_query::{Entity, Error, tenant};
///
/// # #[derive(Entity)]
/// # #[pgkeel(table = "app.notes", columns = n, tenant = "tenant_id")]
/// # struct Note { #[pgkeel(id)] id: i64, tenant_id: i32 }
/// async fn start(db: &impl Executor) -> Result<(), Error> {
///     for finding in tenant::verify(db, &[Note::FACTS]).await? {
///         panic!("{finding}");
///     }
///     Ok(())
/// }
/// # let _ = |note: Note| (note.id, note.tenant_id);
/// ```
///
/// It is one statement. Views and functions that run with the rights of their owner are not looked at.
///
/// # Errors
/// What the executor says.
///
/// # Cancellation
/// Dropping the future does as the executor says: see [`Executor`].
pub async fn verify(
    database: &impl Executor,
    entities: &[&'static EntityFacts],
) -> Result<Vec<Finding>, Error> {
    let tables: Vec<&str> = entities.iter().map(|facts| facts.sql).collect();
    let seen = database.query_into::<ReadRows<Seen>>(SEEN, &[&tables]).await?.all()?;
    let mut findings = Vec::new();
    for (place, facts) in (1..).zip(entities) {
        let of_table = || seen.iter().filter(move |seen| seen.0 == place);
        let Some(first) = of_table().next() else { continue };
        let policies: Vec<Policy> = of_table().filter_map(policy_of).collect();
        let gaps = gaps_of_table(first).into_iter().chain(gaps_of_policies(first.3, &policies));
        findings.extend(gaps.map(|gap| Finding { table: facts.table(), gap }));
    }
    Ok(findings)
}

fn policy_of(seen: &Seen) -> Option<Policy> {
    let (.., name, is_permissive, command, using, check) = seen.clone();
    Some(Policy { name: name?, is_permissive, command: command?, using, check })
}

fn gaps_of_table(&(_, is_super, bypasses, is_there, is_enabled, is_forced, owns, ..): &Seen) -> Vec<Gap> {
    if !is_there {
        return vec![Gap::Missing];
    }
    let gaps = [
        (is_super, Gap::Superuser),
        (bypasses, Gap::BypassRls),
        // A superuser has the rights of everybody.
        (owns && !is_super, Gap::Owner),
        (!is_enabled, Gap::NotEnabled),
        (!is_forced, Gap::NotForced),
    ];
    gaps.into_iter().filter_map(|(is_so, gap)| is_so.then_some(gap)).collect()
}

fn gaps_of_policies(is_there: bool, policies: &[Policy]) -> Vec<Gap> {
    let looks = |expression: &Option<String>| expression.as_ref().is_some_and(|it| it.contains(SETTING));
    let is_of = |policy: &Policy, commands: &str| commands.contains(policy.command.as_str());
    let holds_back = |policy: &Policy| {
        let checks = policy.check.is_none() || looks(&policy.check);
        !policy.is_permissive && policy.command == "*" && looks(&policy.using) && checks
    };
    let is_held_back = policies.iter().any(holds_back);
    let mut gaps = Vec::new();
    for policy in policies.iter().filter(|policy| policy.is_permissive && !is_held_back) {
        let name = || policy.name.clone();
        let (reads, writes) = (is_of(policy, "rwd*"), is_of(policy, "aw*"));
        let is_blind = |expression: &Option<String>| expression.is_some() && !looks(expression);
        if reads && policy.using.is_none() {
            gaps.push(Gap::NoUsing { policy: name() });
        }
        if writes && policy.check.is_none() {
            gaps.push(Gap::NoCheck { policy: name() });
        }
        if reads && is_blind(&policy.using) || writes && is_blind(&policy.check) {
            gaps.push(Gap::Open { policy: name() });
        }
    }
    if is_there && !policies.iter().any(|policy| policy.is_permissive) {
        gaps.push(Gap::NoPolicy);
    }
    gaps
}
