//! Verbs for one of many tenants' schemas, or for many of them.

mod page;
mod status;
mod words;

use serde_json::json;

use self::page::Page;
pub(super) use self::words::{Words, in_schema, in_schemas};
use super::checks::With;
use super::exit::Exit;
use super::request::Verb;
use super::screen::Screen;
use super::{adoption, json, text};
use crate::{Against, Error, Migrator, Plan, Tenants, TenantsReport, Verifier, VerifyError};

/// Carries a verb out for each of the tenants that are meant.
pub(super) async fn run(screen: &mut Screen<'_>, tenants: &Tenants, migrator: &Migrator, verb: Verb) -> Exit {
    let mut page = Page::new(screen, migrator.migrations());
    let done = match verb {
        Verb::Status { check } => return Box::pin(status::run(page, tenants, check)).await,
        Verb::Up => up(&mut page, tenants).await,
        Verb::Down(back) => {
            let work = |migrator: Migrator, _| async move { migrator.down(back).await };
            tenants.each(work, |event| page.ran(&event, "nothing was applied")).await
        }
        Verb::Redo => {
            let work = |migrator: Migrator, _| async move { migrator.redo().await };
            tenants.each(work, |event| page.ran(&event, "nothing was applied")).await
        }
        Verb::Plan { down, sql } => {
            let work = |migrator: Migrator, _| async move {
                match down {
                    None => migrator.plan().await,
                    Some(back) => migrator.plan_down(back).await,
                }
            };
            page.is_script = sql;
            let told = |plan: &Plan| if sql { plan.sql() } else { text::plan(plan) };
            tenants.each(work, |event| page.ended(&event, told, |plan| json::plan(plan, sql))).await
        }
        Verb::Verify { with, .. } => verify(&mut page, tenants, migrator, with).await,
        Verb::Baseline => {
            let work = |migrator: Migrator, _| async move { migrator.baseline(&Against::Shadow).await };
            tenants
                .each(work, |event| page.ended(&event, adoption::baseline_text, adoption::baseline_json))
                .await
        }
        Verb::Mark { direction, versions, reason } => {
            let (versions, reason) = (&versions[..], reason.as_str());
            let work = |migrator: Migrator, _| async move {
                match direction {
                    crate::Direction::Up => migrator.mark_applied(versions, reason).await,
                    crate::Direction::Down => migrator.mark_reverted(versions, reason).await,
                }
            };
            tenants.each(work, |event| page.ended(&event, adoption::mark_text, adoption::mark_json)).await
        }
        Verb::Repair { version, statement } => {
            let work = |migrator: Migrator, _| async move { migrator.continue_at(version, statement).await };
            let told = |(): &()| format!("V{version} goes on with statement {statement}\n");
            let json = |(): &()| json!({ "version": version, "continue_at": statement });
            tenants.each(work, |event| page.ended(&event, told, json)).await
        }
        _ => unreachable!("no other verb has tenants"),
    };
    page.end(done)
}

async fn up(page: &mut Page<'_, '_>, tenants: &Tenants) -> Result<TenantsReport, Error> {
    tenants.up(|event| page.ran(&event, "nothing was pending")).await
}

/// Each against what was recorded in it, or what the files make of such a schema.
async fn verify(
    page: &mut Page<'_, '_>,
    tenants: &Tenants,
    migrator: &Migrator,
    with: With,
) -> Result<TenantsReport, Error> {
    let connect = migrator.connect().clone();
    let verifier = Verifier::new(connect.clone(), migrator.migrations().clone());
    let verifier = verifier.with_shadows_on(connect).with_stop(migrator.stop().clone());
    let work = |_: Migrator, tenant: crate::Tenant| {
        let verifier = verifier.clone().in_schema(&tenant);
        async move { verifier.verify(&against(with)?).await }
    };
    let told = |event: crate::TenantEvent<'_, crate::Verification, VerifyError>| page.verified(&event);
    tenants.each(work, told).await
}

/// There is no lock file of a tenant's schema.
pub(super) fn against(with: With) -> Result<Against, VerifyError> {
    match with {
        With::Recorded => Ok(Against::Recorded),
        With::Any | With::Shadow => Ok(Against::Shadow),
        With::LockFile => Err(VerifyError::LockOfTenant),
    }
}
