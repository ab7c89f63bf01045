-- from PostgreSQL 16
create table support.photos (
    complaint bigint references support.complaints,
    picture bytea storage external,
    words text storage main compression pglz,
    primary key (complaint)
);
