//! Statements: values held against the server's types, SQL that is a literal, rows as structs.
