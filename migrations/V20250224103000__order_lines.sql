-- What an order consists of. Prices are kept as they were when the order was placed.

create table order_lines (
    order_id   bigint not null references orders (id) on delete cascade,
    line       smallint not null check (line > 0),
    sku        text not null check (sku = upper(sku)),
    title      text not null,
    options    text[] not null default '{}',
    quantity   integer not null check (quantity > 0),
    unit_price numeric(12, 2) not null check (unit_price >= 0),
    discount   numeric(4, 3) not null default 0 check (discount between 0 and 1),
    amount     numeric(12, 2) not null generated always as (round(quantity * unit_price * (1 - discount), 2)) stored,
    primary key (order_id, line)
);

comment on table order_lines is 'One row an article in an order.';
comment on column order_lines.options is 'What was chosen of the article, such as {"size: L", "colour: blue"}.';
comment on column order_lines.discount is 'The part that is taken off: 0.1 is ten per cent.';
comment on column order_lines.amount is 'What the line costs. Computed, so that no program computes it differently.';

create index order_lines_sku_idx on order_lines (sku);
