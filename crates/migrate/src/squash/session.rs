//! What a statement changes for those behind it in the same session, and what makes up for that: each file finds the
//! session as new, and in a checkpoint there is only one.

use crate::files::{Statement, Tokens};

/// The statement that resets what this one has set, if it has.
pub(super) fn reset(statement: &Statement<'_>) -> Option<String> {
    let mut tokens = Tokens::of(statement);
    if tokens.take("create") {
        tokens.take_any(&["local", "global"]);
        return tokens.take_any(&["temp", "temporary"]).then(|| "discard temp".to_owned());
    }
    if tokens.take("prepare") {
        // The file may have let go of it by itself.
        return (!tokens.take("transaction")).then(|| "deallocate all".to_owned());
    }
    if tokens.take("declare") {
        return Some("close all".to_owned());
    }
    if tokens.take("listen") {
        return Some("unlisten *".to_owned());
    }
    if !tokens.take("set") {
        return set_by_function(statement);
    }
    if tokens.take_all(&["session", "authorization"]) {
        return Some("reset session authorization".to_owned());
    }
    tokens.take_any(&["session", "local"]);
    if tokens.take_any(&["constraints", "transaction", "characteristics"]) {
        return None;
    }
    let setting = if tokens.take("time") {
        "timezone".to_owned()
    } else if tokens.take("names") {
        "client_encoding".to_owned()
    } else if tokens.take("schema") {
        "search_path".to_owned()
    } else {
        tokens.full_name()?
    };
    Some(format!("reset {setting}"))
}

/// `set_config('setting', …)`; for a setting whose name is made up, all are reset.
fn set_by_function(statement: &Statement<'_>) -> Option<String> {
    let at = statement.tokens.iter().position(|token| token.text.eq_ignore_ascii_case("set_config"))?;
    let name = statement.tokens.get(at + 2)?.text.strip_prefix('\'').and_then(|it| it.strip_suffix('\''));
    let is_name = |name: &&str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte))
    };
    Some(name.filter(is_name).map_or_else(|| "reset all".to_owned(), |name| format!("reset {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::statements;

    #[test]
    fn what_is_set_is_reset() {
        for (sql, told) in [
            ("set search_path = a", Some("reset search_path")),
            ("SET LOCAL my.own to 'x'", Some("reset my.own")),
            ("set session role a", Some("reset role")),
            ("set session authorization a", Some("reset session authorization")),
            ("set time zone 'UTC'", Some("reset timezone")),
            ("set schema 'a'", Some("reset search_path")),
            ("select pg_catalog.set_config('search_path', '', false)", Some("reset search_path")),
            ("select set_config(a, '', false) from b", Some("reset all")),
            ("create temp table t (a int)", Some("discard temp")),
            ("prepare \"P\" (int) as select $1", Some("deallocate all")),
            ("prepare transaction 'a'", None),
            ("declare c cursor with hold for select 1", Some("close all")),
            ("listen told", Some("unlisten *")),
            ("set constraints all deferred", None),
            ("create table t (a int)", None),
            ("select 'set search_path = a'", None),
        ] {
            assert_eq!(reset(&statements(sql)[0]).as_deref(), told, "{sql}");
        }
    }
}
