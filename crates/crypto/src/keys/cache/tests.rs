use super::lasting::PLACES;
use super::turning::{SETS, WAYS};
use super::*;
use crate::keys::Task;
use crate::suite::Suite;

fn key(id: u32) -> KeyId {
    KeyId::new(id).unwrap()
}

fn purpose<'t>(context: &'static str, tenant: Option<&'t str>) -> Purpose<'t> {
    Purpose { task: Task::Seal(Suite::KcXaes256Gcm), context, tenant, is_constant: true }
}

/// What is found; if nothing is, `new` is kept.
fn get(cache: &Cache<usize>, id: u32, purpose: &Purpose<'_>, new: usize) -> usize {
    *cache.get(key(id), purpose, || Ok(new)).unwrap()
}

fn turning<V>(cache: &Cache<V>) -> usize {
    cache.turning.sets.iter().flatten().filter(|slot| slot.load().is_some()).count()
}

#[test]
fn a_thing_is_made_once_for_each_key_and_purpose() {
    let cache = Cache::new();
    let asked = [(1, "a", None), (1, "b", None), (2, "a", None), (1, "a", Some("a")), (1, "a", Some("b"))];
    for round in 0..2 {
        let found = (0..).zip(asked).map(|(number, (id, context, tenant))| {
            get(&cache, id, &purpose(context, tenant), number + 10 * round)
        });
        assert_eq!(found.collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    }
}

#[test]
fn what_cannot_be_made_is_not_kept() {
    let cache = Cache::new();
    for tenant in [None, Some("a")] {
        let refused = cache.get(key(1), &purpose("a", tenant), || Err(Error::UnknownKey(key(1))));
        assert_eq!(refused.err(), Some(Error::UnknownKey(key(1))));
        assert_eq!(get(&cache, 1, &purpose("a", tenant), 7), 7);
    }
}

/// Of equal names the address may be another one.
#[test]
fn a_name_is_known_by_its_letters() {
    let cache = Cache::new();
    let [one, other] = [(); 2].map(|()| &*String::from("app.users.email").leak());
    for (name, value) in [(one, 1), (other, 1), ("app.users.phone", 2), (one, 1)] {
        let found = get(&cache, 1, &purpose(name, None), value);
        assert_eq!(found, value);
    }
}

#[test]
fn what_shares_a_place_with_a_few_others_stays() {
    let cache = Cache::new();
    let tenants: Vec<_> = (0..8 * SETS).map(|number| number.to_string()).collect();
    let place = |tenant: &&String| cache.turning.place(key(1), &purpose("a", Some(tenant)));
    let alike: Vec<_> = tenants.iter().filter(|tenant| place(tenant) == 0).take(WAYS).collect();
    let mut elsewhere = tenants.iter().filter(|tenant| place(tenant) != 0);
    let ask = |tenant: &str, new| get(&cache, 1, &purpose("a", Some(tenant)), new);
    for (number, tenant) in alike.iter().enumerate() {
        ask(tenant, number);
        elsewhere.by_ref().take(WAYS - 1).for_each(|tenant| _ = ask(tenant, 100));
    }
    let found: Vec<_> = alike.iter().map(|tenant| ask(tenant, 200)).collect();
    assert_eq!(found, [0, 1, 2, 3]);
}

#[test]
fn however_many_are_asked_for_no_more_are_kept_than_the_bound() {
    let cache = Cache::new();
    for number in 0..3 * SETS * WAYS {
        let tenant = number.to_string();
        assert_eq!(get(&cache, 1, &purpose("a", Some(&tenant)), number), number);
    }
    assert!(turning(&cache) <= SETS * WAYS);
    assert!(turning(&cache) > SETS * WAYS / 2);
}

/// More columns than stay go where tenants do; those that stay are found for ever.
#[test]
fn columns_stay_up_to_a_bound() {
    let cache = Cache::new();
    let column = purpose("a", None); // written in two places it could be two
    let ids = 1..=u32::try_from(4 * PLACES).unwrap();
    for id in ids.clone() {
        assert_eq!(get(&cache, id, &column, id as usize), id as usize);
    }
    let lasting = ids.filter(|id| cache.lasting.find(key(*id), &column).is_some()).count();
    assert!((PLACES / 2..=PLACES).contains(&lasting), "{lasting}");
    assert!(turning(&cache) > 0);
    assert_eq!(get(&cache, 1, &column, 0), 1);
}
