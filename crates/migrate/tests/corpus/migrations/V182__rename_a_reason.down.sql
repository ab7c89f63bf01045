alter table support.complaints drop column reasons;
drop type support.reason;
create type support.reason as enum (
    'bell', 'bell rings by itself', 'brake', 'brake squeaks', 'chain', 'chain is off', 'child seat', 'code is wrong',
    'could not end ride', 'could not pay', 'dirty', 'dock is full', 'dock is broken', 'flat tyre', 'front light',
    'gears', 'handlebar', 'it''s gone', 'kickstand', 'lock', 'map', 'mudguard', 'noise', 'pedal', 'price', 'rear light',
    'rust', 'saddle', 'saddle is wet', 'spokes', 'station is closed', 'stolen', 'tyre', 'voucher', 'wheel', 'wobbles',
    'größer als gedacht', '日本語', 'other; see words', 'a reason of sixty-three bytes, which is the most that fits in h'
);
alter table support.complaints add column reasons support.reason[] not null default '{}';
