-- Which columns are sealed, and how far rotations of their keys have come. Of pgkeel_query::rotation; no plaintext, no key.

create schema if not exists pgkeel;

create table pgkeel.sealed_column (
    id              int8 generated always as identity primary key,
    table_schema    text not null,
    table_name      text not null,
    column_name     text not null,
    row_columns     text[] not null check (cardinality(row_columns) between 1 and 32),
    tenant_column   text check (tenant_column is not null or not is_tenant_bound),
    context         text not null,
    kind            text not null,
    suite           text not null,
    also_opens      text,
    is_row_bound    bool not null,
    is_tenant_bound bool not null,
    padding         int4 check (padding between 1 and 65535),
    published_by    text not null default current_user,
    published_at    timestamptz not null default now(),
    unique (table_schema, table_name, column_name)
);

comment on table pgkeel.sealed_column is 'Columns that hold sealed values, as the programs that use them publish them.';
comment on column pgkeel.sealed_column.row_columns is 'The primary key, in its order.';
comment on column pgkeel.sealed_column.context is 'The declared name of the column, which its keys are derived for.';

create table pgkeel.sealed_index (
    table_schema    text not null,
    table_name      text not null,
    column_name     text not null,
    index_column    text not null,
    name            text not null,
    normalizer      text not null,
    bits            int2 check (bits between 1 and 64),
    cost            int8[] check (cardinality(cost) = 3),
    is_tenant_bound bool not null,
    primary key (table_schema, table_name, index_column),
    foreign key (table_schema, table_name, column_name)
        references pgkeel.sealed_column (table_schema, table_name, column_name) on delete cascade
);

comment on table pgkeel.sealed_index is 'Blind indexes of sealed columns: the columns that hold them, and how they are made.';
comment on column pgkeel.sealed_index.cost is 'Of argon2id, if the index is slow: memory in KiB, iterations, lanes.';

create table pgkeel.rotation (
    id           int8 generated always as identity primary key,
    column_id    int8 not null references pgkeel.sealed_column on delete cascade,
    task         text not null default 'reseal' check (task in ('reseal', 'reindex', 'adopt', 'clear')),
    other_column text check ((other_column is null) = (task = 'reseal')),
    to_key       text not null check (to_key ~ '^[0-9a-f]{8}$'),
    state        text not null default 'running'
        check (state in ('running', 'paused', 'cancelled', 'finished', 'unsettled')),
    pass         int4 not null default 1,
    frontier     text[],
    ranges       int4 not null default 0,
    is_cut       bool not null default false,
    scanned      int8 not null default 0,
    rewritten    int8 not null default 0,
    cas_lost     int8 not null default 0,
    started_by   text not null,
    started_at   timestamptz not null default now(),
    finished_at  timestamptz,
    check ((finished_at is null) = (state in ('running', 'paused')))
);

create unique index rotation_under_way on pgkeel.rotation (column_id) where finished_at is null;

comment on table pgkeel.rotation is 'Each time that a column''s values were sealed anew under another key, or worked on otherwise.';
comment on column pgkeel.rotation.task is 'Sealed anew; an index made anew; plaintext sealed; plaintext emptied where it is sealed.';
comment on column pgkeel.rotation.other_column is 'Of the index, or of plaintext.';
comment on column pgkeel.rotation.to_key is 'Of sealed values, or of indexes if it is an index that is made.';
comment on column pgkeel.rotation.frontier is 'The primary key up to which the table is cut into ranges, in this pass.';
comment on column pgkeel.rotation.ranges is 'How many ranges this pass has been cut into so far.';
comment on column pgkeel.rotation.scanned is 'Of the passes before this one, as are rewritten and cas_lost.';

create table pgkeel.rotation_range (
    rotation_id  int8 not null references pgkeel.rotation on delete cascade,
    pass         int4 not null,
    number       int4 not null,
    cursor       text[],
    until        text[],
    is_done      bool not null default false,
    scanned      int8 not null default 0,
    rewritten    int8 not null default 0,
    cas_lost     int8 not null default 0,
    owner        text not null,
    lease        int8 not null default 1,
    heartbeat_at timestamptz default clock_timestamp(),
    primary key (rotation_id, pass, number)
);

comment on table pgkeel.rotation_range is 'Ranges of a table''s primary key: one worker at a time has each.';
comment on column pgkeel.rotation_range.cursor is 'The last key that is done. The range begins behind it.';
comment on column pgkeel.rotation_range.until is 'Its last key; null for the end of the table.';
comment on column pgkeel.rotation_range.lease is 'Grows with each worker that takes it: what an earlier one writes is refused.';
comment on column pgkeel.rotation_range.heartbeat_at is 'Null if it was given back.';

create table pgkeel.rotation_failure (
    rotation_id int8 not null references pgkeel.rotation on delete cascade,
    row_key     text[] not null,
    class       text not null,
    pass        int4 not null,
    primary key (rotation_id, row_key)
);

comment on table pgkeel.rotation_failure is 'Rows whose values did not open or were refused, and why. They were left as they were.';
