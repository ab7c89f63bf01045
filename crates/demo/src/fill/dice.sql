-- What all other files here draw from: the same numbers at every fill, from hashes instead of a generator with a state.
-- Temporary, so that the session takes them along when it ends.

-- From 0 to one less than `sides`; each salt is a die of its own.
create function pg_temp.roll(id bigint, salt int, sides int) returns int language sql immutable
    return ((hashint8extended(id, salt) & 1073741823) % sides)::int;

-- From 0 to just below 1.
create function pg_temp.share(id bigint, salt int) returns float8 language sql immutable
    return (hashint8extended(id, salt) & 1073741823) / 1073741824.0::float8;

create function pg_temp.one_of(id bigint, salt int, words text[]) returns text language sql immutable
    return words[1 + pg_temp.roll(id, salt, cardinality(words))];

-- How large this fill is. The numbers are put in before the file is sent.
create function pg_temp.customers() returns int language sql immutable return {customers};
create function pg_temp.orders() returns int language sql immutable return {orders};

-- How many days ago an order was begun: over two years, and the shop grows.
create function pg_temp.days_ago(order_id bigint) returns float8 language sql immutable
    return 730 * (1 - power(order_id::float8 / (pg_temp.orders() + 1), 0.75));

-- How far an order has come by now.
create function pg_temp.final_status(order_id bigint) returns text language sql immutable
    return case
        when pg_temp.roll(order_id, 20, 1000) < 20 then 'draft'
        when pg_temp.roll(order_id, 20, 1000) < 70 then 'cancelled'
        when pg_temp.days_ago(order_id) > 4 + pg_temp.roll(order_id, 21, 8) then 'delivered'
        when pg_temp.days_ago(order_id) > 1 + pg_temp.roll(order_id, 22, 3) then 'shipped'
        when pg_temp.days_ago(order_id) > 0.2 + pg_temp.share(order_id, 23) then 'paid'
        else 'placed'
    end;

-- How many lines it has: two and a half on average.
create function pg_temp.line_count(order_id bigint) returns int language sql immutable
    return (array[1, 1, 1, 2, 2, 2, 3, 3, 4, 6])[1 + pg_temp.roll(order_id, 24, 10)];

-- Which of the 240 articles a line is about; a few sell best.
create function pg_temp.article(line_id bigint) returns int language sql immutable
    return 1 + floor(240 * power(pg_temp.share(line_id, 30), 2))::int;
