//! A keyring of variables alone.

use super::reference::{Place, Reference};
use super::{Check, KeyConfig};
use crate::keys::problem::KeyringProblem;
use crate::keys::source::Sources;
use crate::keys::state::{KeyList, KeyName, KeyState};
use crate::keys::{CheckValue, KeyId};

pub(super) fn keys(sources: &Sources<'_>) -> Result<Vec<KeyConfig>, Vec<KeyringProblem>> {
    let mut problems = Vec::new();
    let mut keys = Vec::new();
    for (list, state) in KeyList::ALL.into_iter().flat_map(states) {
        let variable = variable(list, state);
        let Some(ids) = sources.variable(&variable) else { continue };
        for id in ids.split(',') {
            match id.trim().parse() {
                Ok(id) => match key(KeyName { list, id }, state, sources) {
                    Ok(key) => keys.push(key),
                    Err(problem) => problems.push(problem),
                },
                Err(_) => problems.push(KeyringProblem::WrongField {
                    field: variable.clone(),
                    expected: "ids of keys, 8 hexadecimal digits each, separated by commas",
                }),
            }
        }
    }
    if problems.is_empty() { Ok(keys) } else { Err(problems) }
}

fn states(list: KeyList) -> [(KeyList, KeyState); 3] {
    [KeyState::Primary, KeyState::Reading, KeyState::Disabled].map(|state| (list, state))
}

/// Such as `PGKEEL_SEAL_PRIMARY`.
fn variable(list: KeyList, state: KeyState) -> String {
    let state = match state {
        KeyState::Primary => "primary",
        KeyState::Reading => list.reading(),
        KeyState::Disabled => "disabled",
    };
    format!("PGKEEL_{list}_{state}").to_uppercase()
}

fn key(name: KeyName, state: KeyState, sources: &Sources<'_>) -> Result<KeyConfig, KeyringProblem> {
    if state == KeyState::Disabled {
        return Ok(KeyConfig { name, state, secret: None, check: Check::None });
    }
    let secret = Some(Reference::Plain(place(name, sources)?));
    Ok(KeyConfig { name, state, secret, check: check(name.id, sources)? })
}

fn place(key: KeyName, sources: &Sources<'_>) -> Result<Place, KeyringProblem> {
    let variable = format!("PGKEEL_KEY_{}", key.id).to_uppercase();
    let file = sources.variable(&format!("{variable}_FILE"));
    match (sources.variable(&variable), file) {
        (Some(_), Some(_)) => Err(KeyringProblem::VariableAndFile { key, variable }),
        (None, Some(path)) => Ok(Place::File(path.as_str().into())),
        (_, None) => Ok(Place::Variable(variable)),
    }
}

fn check(id: KeyId, sources: &Sources<'_>) -> Result<Check, KeyringProblem> {
    let variable = format!("PGKEEL_KCV_{id}").to_uppercase();
    let Some(value) = sources.variable(&variable) else { return Ok(Check::None) };
    let value: Option<CheckValue> = value.parse().ok();
    value
        .map(Check::Against)
        .ok_or(KeyringProblem::WrongField { field: variable, expected: "16 hexadecimal digits" })
}
