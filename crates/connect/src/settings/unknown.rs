use super::setting::VARIABLE_PREFIX;
use super::{About, Origin, Problem, Settings};

/// Variables with this beginning steer test programs and are nobody's settings.
const TEST_PREFIX: &str = "PGKEEL_TEST_";

/// What Kubernetes sets in every pod beside a Service named `pgkeel`.
const OF_A_SERVICE: [&str; 2] = ["PGKEEL_SERVICE_", "PGKEEL_PORT_"];

/// Names that look like settings of ours and are none, each with the nearest name that is one.
pub(super) fn find(settings: &Settings, known: &[About]) -> Vec<Problem> {
    let names: Vec<&str> = known.iter().map(|about| about.name).collect();
    let dotted = |name: &str, origin: Origin| Problem::new(name, origin, unknown(name, &names));
    let code = settings.code.keys().filter(|name| !names.contains(&name.as_str()));
    let flags = settings.flags.keys().filter(|name| !names.contains(&name.as_str()));
    let file = settings.file.iter().filter(|(name, _)| {
        !names.contains(&name.as_str())
            && (settings.whole || known.iter().any(|about| in_section(about, name)))
    });
    code.map(|name| dotted(name, Origin::Code))
        .chain(flags.map(|name| dotted(name, Origin::Flag(format!("--{name}")))))
        .chain(variables(settings, known))
        .chain(file.map(|(name, (_, origin))| dotted(name, origin.clone())))
        .collect()
}

fn in_section(about: &About, name: &str) -> bool {
    name.split('.').next() == Some(about.section())
}

fn variables(settings: &Settings, known: &[About]) -> Vec<Problem> {
    let mut ours: Vec<String> = known.iter().map(About::variable).collect();
    ours.extend(known.iter().filter(|about| about.secret).map(|about| about.variable() + "_FILE"));
    let nearest_of: Vec<&str> = ours.iter().map(String::as_str).collect();
    let mut names = settings.environment.as_ref().map(|environment| environment.names()).unwrap_or_default();
    names.retain(|name| {
        name.starts_with(VARIABLE_PREFIX)
            && !name.starts_with(TEST_PREFIX)
            && !OF_A_SERVICE.iter().chain(settings.beside).any(|prefix| name.starts_with(prefix))
            && name != "PGKEEL_PORT"
            && !ours.contains(name)
            && (settings.whole || known.iter().any(|about| name.starts_with(&section_prefix(about))))
    });
    names.sort();
    let problem = |name: String| {
        let reason = unknown(&name, &nearest_of);
        Problem::new(name.clone(), Origin::Variable(name), reason)
    };
    names.into_iter().map(problem).collect()
}

fn section_prefix(about: &About) -> String {
    format!("{VARIABLE_PREFIX}{}_", about.section().to_uppercase())
}

/// `is not a setting`, with the nearest name if one is near.
fn unknown(name: &str, names: &[&str]) -> String {
    let nearest = names.iter().max_by(|a, b| similarity(name, a).total_cmp(&similarity(name, b)));
    match nearest {
        Some(nearest) if similarity(name, nearest) > 0.8 => {
            format!("there is no such setting; did you mean {nearest}?")
        }
        _ => "there is no such setting".into(),
    }
}

fn similarity(a: &str, b: &str) -> f64 {
    strsim::normalized_damerau_levenshtein(a, b)
}

#[cfg(test)]
mod tests {
    use super::super::{Setting, Settings, whole_number};

    static SIZE: Setting<u32> = Setting::new("pool.size", "20", whole_number);

    fn read(settings: Settings) -> Result<u32, String> {
        settings.resolve(|reader| reader.get(&SIZE)).map(|resolved| resolved.value).map_err(|p| p.to_string())
    }

    #[test]
    fn a_misspelt_variable_is_refused_with_the_nearest_name() {
        let problem = read(Settings::new().environment([("PGKEEL_POOL_SIZ", "3")])).unwrap_err();
        assert!(problem.contains("did you mean PGKEEL_POOL_SIZE?"), "{problem}");
    }

    #[test]
    fn sections_of_others_are_checked_only_as_a_whole() {
        let with = || {
            Settings::new().environment([
                ("PGKEEL_HEALTH_LISTEN", "x"),
                ("PGKEEL_TEST_KEEP", "1"),
                ("PGKEEL_PORT", "tcp://x"),
            ])
        };
        assert_eq!(read(with()), Ok(20));
        let problem = read(with().whole()).unwrap_err();
        assert!(
            problem.contains("PGKEEL_HEALTH_LISTEN") && !problem.contains("PGKEEL_TEST_KEEP"),
            "{problem}"
        );
    }

    #[test]
    fn variables_of_others_that_are_named_are_no_settings() {
        let with = |variable: &'static str| Settings::new().environment([(variable, "x")]).whole();
        let beside = &["PGKEEL_SEAL_", "PGKEEL_KEY_"];
        for variable in ["PGKEEL_SEAL_PRIMARY", "PGKEEL_KEY_3F9A1C22", "PGKEEL_KEY_3F9A1C22_FILE"] {
            assert_eq!(read(with(variable).beside(beside)), Ok(20));
            assert!(read(with(variable)).unwrap_err().contains(variable));
        }
        for variable in ["PGKEEL_SEALS", "PGKEEL_KEYRINGS", "PGKEEL_INDEX_PRIMARY"] {
            assert!(read(with(variable).beside(beside)).unwrap_err().contains(variable));
        }
    }

    #[test]
    fn a_misspelt_name_in_code_is_refused() {
        assert!(read(Settings::new().set("pool.sise", &3)).unwrap_err().contains("did you mean pool.size?"));
    }
}
