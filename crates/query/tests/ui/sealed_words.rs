//! The words of sealed columns.

use pgkeel_query::Entity;
use pgkeel_query::sealed::Sealed;

#[derive(Entity)]
#[pgkeel(table = "users")]
struct NotSaid {
    #[pgkeel(id)]
    id: i64,
    email: Option<Sealed<String>>,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct NoContext {
    #[pgkeel(id)]
    id: i64,
    #[pgkeel(sealed)]
    email: Sealed<String>,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct EmptyContext {
    #[pgkeel(id)]
    id: i64,
    #[pgkeel(sealed(context = ""))]
    email: Sealed<String>,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct SameContext {
    #[pgkeel(id)]
    id: i64,
    #[pgkeel(sealed(context = "users.email"))]
    email: Sealed<String>,
    #[pgkeel(sealed(context = "users.email"))]
    phone: Sealed<String>,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct NoEnvelope {
    #[pgkeel(id)]
    id: i64,
    #[pgkeel(sealed(context = "users.email"))]
    email: String,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct NoId {
    id: i64,
    #[pgkeel(sealed(context = "users.email"))]
    email: Sealed<String>,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct NoTenant {
    #[pgkeel(id)]
    id: i64,
    #[pgkeel(sealed(context = "users.email", per_tenant))]
    email: Sealed<String>,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct SealedId {
    #[pgkeel(id, sealed(context = "users.id", any_row))]
    id: Sealed<i64>,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct SealedUnique {
    #[pgkeel(id)]
    id: i64,
    #[pgkeel(unique)]
    #[pgkeel(sealed(context = "users.email"))]
    email: Sealed<String>,
}

#[derive(Entity)]
#[pgkeel(table = "users", version = "count")]
struct SealedVersion {
    #[pgkeel(id)]
    id: i64,
    #[pgkeel(sealed(context = "users.count"))]
    count: Sealed<i64>,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct SealedJson {
    #[pgkeel(id)]
    id: i64,
    #[pgkeel(json, sealed(context = "users.email"))]
    email: Sealed<String>,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct TwoSuites {
    #[pgkeel(id)]
    id: i64,
    #[pgkeel(sealed(context = "users.email", deterministic, uncommitted))]
    email: Sealed<String>,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct NoRowAnyway {
    #[pgkeel(sealed(context = "users.email", deterministic, any_row))]
    email: Sealed<String>,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct Typo {
    #[pgkeel(sealed(context = "users.email", any_rwo))]
    email: Sealed<String>,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct LongPadding {
    #[pgkeel(sealed(context = "users.email", any_row, pad = 65_536))]
    email: Sealed<String>,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct IndexWithoutColumn {
    #[pgkeel(sealed(context = "users.email", any_row, index(unique)))]
    email: Sealed<String>,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct IndexInField {
    #[pgkeel(sealed(context = "users.email", any_row, index(column = "name")))]
    email: Sealed<String>,
    name: String,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct UniqueBeacon {
    #[pgkeel(sealed(context = "users.email", any_row, index(column = "email_bidx", unique, bits = 8)))]
    email: Sealed<String>,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct ManyBits {
    #[pgkeel(sealed(context = "users.email", any_row, index(column = "email_bidx", bits = 65)))]
    email: Sealed<String>,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct NoNormalizer {
    #[pgkeel(sealed(context = "users.email", any_row, index(column = "email_bidx", normalize = "mail")))]
    email: Sealed<String>,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct NumberNormalized {
    #[pgkeel(sealed(context = "users.score", any_row, index(column = "score_bidx", normalize = "lower")))]
    score: Sealed<i64>,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct CheapIndex {
    #[pgkeel(sealed(context = "users.email", any_row, index(column = "email_bidx", cost = [1024, 3, 1])))]
    email: Sealed<String>,
}

#[derive(Entity)]
#[pgkeel(table = "users")]
struct CostOfTwo {
    #[pgkeel(sealed(context = "users.email", any_row, index(column = "email_bidx", cost = [4096, 3])))]
    email: Sealed<String>,
}

fn main() {}
