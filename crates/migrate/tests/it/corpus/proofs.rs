//! Each file up, back and up again, and then all of them.

use std::collections::BTreeMap;

use pgkeel_migrate::{Error, Finding, Proof, Prover, StepProof};
use pgkeel_testkit::{TestDatabase, scaled};

use super::corpus;
use super::files::{Corpus, expected};
use crate::progress::Progress;
use crate::snapshot::told;

/// So many files every day.
const FIRST: usize = 12;

/// What is found in a step, as `rotten/expected.txt` tells it.
fn found(step: &StepProof) -> String {
    step.findings.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn one(finding: &Finding) -> String {
    match finding {
        Finding::NoDown => "no down".to_owned(),
        Finding::DownFails { source } => format!("the down fails, {}", why(source)),
        Finding::AgainFails { source } => format!("it cannot be applied again, {}", why(source)),
        Finding::DownDiffers { differences } => {
            let order = if differences.is_order_only() { "order only, " } else { "" };
            format!("the down differs, {order}{}", told(differences).join(", "))
        }
        Finding::AgainDiffers { differences } => {
            format!("again it differs, {}", told(differences).join(", "))
        }
        other => other.to_string(),
    }
}

fn why(error: &Error) -> String {
    let conflict = || "as it is no file that can be run".to_owned();
    error.server().map_or_else(conflict, |server| server.code().code().to_owned())
}

async fn proof(corpus: &Corpus) -> Proof {
    let database = TestDatabase::empty().await;
    let migrations = corpus.migrations();
    let mut progress = Progress::of(migrations.len(), "ways back");
    Prover::new(database.config(), migrations).prove_with(|_| progress.add(1)).await.unwrap()
}

#[tokio::test]
async fn every_way_back_is_sound_and_so_is_the_way_back_from_all() {
    let proof = proof(&corpus().await.first(scaled(FIRST, 1000))).await;
    let found: Vec<String> = proof
        .steps
        .iter()
        .filter(|step| !step.findings.is_empty())
        .map(|step| format!("{}: {}", step.file, found(step)))
        .collect();
    assert!(found.is_empty(), "{found:#?}");
    assert!(proof.is_sound() && proof.chain.findings.is_empty(), "{}", proof.chain);
    assert_eq!((proof.chain.undone, proof.chain.stays.len()), (proof.steps.len(), 0));
    println!(
        "check 9: {} files up, back and up again, and all of them back, in {:.1?}: nothing found",
        proof.steps.len(),
        proof.took
    );
}

#[tokio::test]
async fn just_those_ways_back_are_found_that_are_rotten() {
    let rotten = corpus().await.with_rotten_downs().first(scaled(FIRST, 1000));
    let expected: BTreeMap<String, String> = expected("rotten").into_iter().collect();
    let proof = proof(&rotten).await;
    let is_here = |file: &&String| proof.steps.iter().any(|step| step.file == **file);
    let wanted: Vec<String> =
        expected.keys().filter(is_here).map(|file| format!("{file}: {}", expected[file])).collect();
    let rotten = proof.steps.iter().filter(|step| !step.findings.is_empty());
    let found: Vec<String> = rotten.map(|step| format!("{}: {}", step.file, found(step))).collect();
    let count = |kind: &str| found.iter().filter(|line| line.contains(kind)).count();
    let order = count("order only");
    println!(
        "check 9: of {} ways back {} fail, {} differ, {order} in order only, just as they should",
        proof.steps.len(),
        count("the down fails"),
        count("the down differs") - order
    );
    assert_eq!(found.join("\n"), wanted.join("\n"));
    assert!(!wanted.is_empty());
}
