//! Envelopes that were sealed once and have to open for ever: each suite, flag and type. `FORMAT.md` has them too.

use pgkeel_crypto::{
    Column, Date, Decimal, Error, Json, Padding, Place, Plain, RowId, Sealed, Timestamp, Uuid, Vault,
};

use crate::fixture::{hex, unhex, vault};

const ROW: RowId<'_> = RowId::Int(7);
const PARTS: [RowId<'_>; 2] = [RowId::Uuid([0xab; 16]), RowId::Text("line-3")];

/// An envelope, and how to open it; what was in it as text.
pub(crate) struct Golden {
    pub(crate) hex: &'static str,
    pub(crate) open: fn(&Vault, Vec<u8>) -> Result<String, Error>,
    pub(crate) value: &'static str,
}

fn open<T: Plain>(
    vault: &Vault,
    column: &Column<T>,
    place: Place<'_>,
    envelope: Vec<u8>,
    show: impl FnOnce(&T) -> String,
) -> Result<String, Error> {
    let sealed = Sealed::from_bytes(envelope)?;
    vault.open(column, &sealed, place).map(|opened| show(opened.expose()))
}

const EMAIL: Column<String> = Column::new("app.users.email");
const NOTE: Column<String> = Column::new("app.users.note").any_row().padded(Padding::to(32));
const BALANCE: Column<i64> = Column::new("app.users.balance").per_tenant();
const PROFILE: Column<Json> = Column::new("app.users.profile").per_tenant().padded(Padding::to(64));
const DEVICE: Column<Uuid> = Column::new("app.users.device").any_row();
const SEEN: Column<Timestamp> = Column::new("app.users.seen").any_row().per_tenant();
const INCOME: Column<Decimal> = Column::new("app.users.income");
const CONSENT: Column<bool> = Column::new("app.users.consent");
const BIRTHDAY: Column<Date> = Column::new("app.users.birthday").padded(Padding::to(16));
const PHOTO: Column<Vec<u8>> = Column::new("app.orders.photo").uncommitted();
const PHONE: Column<String> = Column::new("app.users.phone").deterministic();
const CITY: Column<String> =
    Column::new("app.users.city").deterministic().per_tenant().padded(Padding::to(16));

pub(crate) const ALL: [Golden; 12] = [
    Golden {
        hex: "c11202013f9a1c227decb86db50fffb9266f62e06be39961bf2d5b3cb13d0fc7d05cb9a12eae16357af25c2b648f4dd6\
              38268dd2548ebd059ea33a8f598fd165f55fbb9a2c2aeaf66bebc66bb94d169403ec9f3d4e0833fefd236a57a0ac56",
        open: |vault, envelope| open(vault, &EMAIL, Place::row(ROW), envelope, String::clone),
        value: "ada@example.org",
    },
    Golden {
        hex: "c11201013f9a1c2268f0d89a08a5d921684f172983f42d41e0a63efbb78ae3d35fa3a40d28f7c4ab698eec34a7f7bbeb\
              ae6937d014e6703f28498659bbf41a17e8942f2c8fc57744d6ec0acd0336646cbc50ed5c2b1c7ac501e5a9dde26a4fbd\
              e8ff2396e7b691f4aa4be1095e846896",
        open: |vault, envelope| open(vault, &NOTE, Place::any_row(), envelope, String::clone),
        value: "",
    },
    Golden {
        hex: "c11206023f9a1c22b790595444b63b32e84b0a587cff45f92b1dd6a83199342a050ffff1384b8043db0d5a06c9f3a071\
              57132db0c776f6549de66631df8abfaa14d8ba6f056a7855cf40ce8b69cd59e1759db3ebc941eb32",
        open: |vault, envelope| {
            open(vault, &BALANCE, Place::row(ROW).tenant("acme"), envelope, i64::to_string)
        },
        value: "-1234567890",
    },
    Golden {
        hex: "c11207033f9a1c22889fecb86fd7e5b8c0db954a40ba1bd8390aa39f74e23d981a064f119d699a3e1f572045a551cae0\
              fd1df1956c017e9f6a433ca67f409007c17f0b5764ac47c0a44b41be5c6b8f396ce9b3471299646f243715411b73fa66\
              f6d2a63b043c87ecefc7cbf37a99ca8c5807d55fc49c82214073d25b1f6ceb3b3fa1e85d380b2da2034887aeb830ce0f",
        open: |vault, envelope| {
            open(vault, &PROFILE, Place::row("user-7").tenant("acme"), envelope, |json| json.0.clone())
        },
        value: "{\"a\":[1,2]}",
    },
    Golden {
        hex: "c11200043f9a1c22b986a00e1a9f8b1156b48d4e4e0c452ca713367c6bd1f2202c8ea5a2298b866909dacc4bb49e71b6\
              828dfe8ca4dc846ea7536b4d84442d6b123255ce17252f9f8b5d3e1bfc4693afdc0edef19cf996ccada84207f93f57b0",
        open: |vault, envelope| open(vault, &DEVICE, Place::any_row(), envelope, |uuid| hex(&uuid.0)),
        value: "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a",
    },
    Golden {
        hex: "c11204053f9a1c22520f778973c5c4e8ffd22c1e2f1a8cf1497644f4dff178412bce02aa6402a091ad0df914f50e81b9\
              e42e041de9acb6c9d86946407e59d812a3d7fbe8153741e8dff882758fddcf24cbff11af85df0d22",
        open: |vault, envelope| {
            open(vault, &SEEN, Place::any_row().tenant("acme"), envelope, |moment| moment.0.to_string())
        },
        value: "1790000000123456",
    },
    Golden {
        hex: "c11202060badcafe9e9bc9eb35246fcb2d48991c5bc828dcf4dff71c7ba6b00b1795095b1b208b3fef42a0e6bba8d2a1\
              e783c53818ccb1b154f5e54e5ed23540e187aa1ce8ddd157be517df8acf189916c77f250f5c7fc522bfa0d",
        open: |vault, envelope| open(vault, &INCOME, Place::row(ROW), envelope, |decimal| decimal.0.clone()),
        value: "-12345.6700",
    },
    Golden {
        hex: "c11202073f9a1c2268d7024add9d0cdb852739902f416522f79ed5c3dbeaebec99963a925af37a58210e3d24849d3d45\
              f9f13d12ff57363cf89415d8623680d9e48d70a4fc5259d4dd410476e460ea9a27",
        open: |vault, envelope| {
            open(vault, &CONSENT, Place::row(RowId::Bytes(b"\0\xff")), envelope, bool::to_string)
        },
        value: "true",
    },
    Golden {
        hex: "c11203083f9a1c22c6164c91af12f5f772a438dd2d72da72e80ac012f8de1848b91ff686fc4fca5d2a5a2c0f8b68ddd7\
              dee1aaefa90ca388a42e898abd6be8737d18cb4763c0a2ddcd9c228bb6128f5ef8b3d17aa3b939c8d820c979096c57ba",
        open: |vault, envelope| {
            open(vault, &BIRTHDAY, Place::row(RowId::Uuid([0xab; 16])), envelope, |day| day.0.to_string())
        },
        value: "-56270",
    },
    Golden {
        hex: "c11102003f9a1c22a81e0a2e724d5213ebbb09eaf8c3f0640998a3db597a72ec35845e9549c886390052fc99890108f3\
              56bc716eb03a",
        open: |vault, envelope| open(vault, &PHOTO, Place::row(&PARTS), envelope, |bytes| hex(bytes)),
        value: "89504e4700ff",
    },
    Golden {
        hex: "c11300013f9a1c2209951f2d65116ab8b05c5ef07ce16e05f59ce2f1eb0d1d8b30735a10b08de0f5c1",
        open: |vault, envelope| open(vault, &PHONE, Place::any_row(), envelope, String::clone),
        value: "+964 770 000 0000",
    },
    Golden {
        hex: "c11305013f9a1c22c6e77e6c35414e0c575ff41a25a2d5b64d52ecd9bdca140a5bad00233367dc6a",
        open: |vault, envelope| open(vault, &CITY, Place::any_row().tenant("acme"), envelope, String::clone),
        value: "بغداد",
    },
];

#[test]
fn what_was_sealed_once_opens() {
    let vault = vault();
    for Golden { hex, open, value } in ALL {
        assert_eq!(open(&vault, unhex(hex)).unwrap(), value);
    }
}

/// Each suite, flag and type is among them, and both keys.
#[test]
fn all_that_a_header_can_say_is_among_them() {
    let headers: Vec<_> = ALL.iter().map(|golden| unhex(&golden.hex[..16])).collect();
    let all = |byte: usize| {
        let mut values: Vec<_> = headers.iter().map(|header| header[byte]).collect();
        values.sort_unstable();
        values.dedup();
        values
    };
    assert_eq!(all(1), [0x11, 0x12, 0x13]);
    assert_eq!(all(2), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(all(3), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(all(4), [0x0b, 0x3f]);
}

#[test]
fn one_bit_that_is_another_one_is_noticed() {
    let vault = vault();
    for Golden { hex, open, .. } in ALL {
        let envelope = unhex(hex);
        for bit in 0..8 * envelope.len() {
            let mut changed = envelope.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let refused = open(&vault, changed).unwrap_err();
            assert!(refused.is_not_authentic() || refused.is_key_missing(), "bit {bit} of {hex}: {refused}");
        }
    }
}

#[test]
fn what_is_cut_or_longer_is_noticed() {
    let vault = vault();
    for Golden { hex, open, .. } in ALL {
        let envelope = unhex(hex);
        for len in 0..envelope.len() {
            assert!(open(&vault, envelope[..len].to_vec()).unwrap_err().is_not_authentic(), "{len} of {hex}");
            assert!(
                open(&vault, envelope[len + 1..].to_vec()).unwrap_err().is_not_authentic(),
                "{len} of {hex}"
            );
        }
        for more in 1..=64 {
            for byte in [0, 0x80, 0xff] {
                let mut longer = envelope.clone();
                longer.resize(envelope.len() + more, byte);
                assert_eq!(open(&vault, longer).unwrap_err(), Error::Tampered(key(&envelope)));
            }
        }
    }
}

fn key(envelope: &[u8]) -> pgkeel_crypto::KeyId {
    pgkeel_crypto::KeyId::new(u32::from_be_bytes(envelope[4..8].try_into().unwrap())).unwrap()
}
