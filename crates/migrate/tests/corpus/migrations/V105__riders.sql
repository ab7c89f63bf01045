create schema riders;
create type riders.standing as enum ('new', 'trusted', 'blocked');
create domain riders.email as varchar(120) check (value like '_%@_%');
create table riders.riders (
    id uuid primary key,
    joined timestamp with time zone not null default now(),
    name text not null check (name <> ''),
    email riders.email unique,
    standing riders.standing not null default 'new',
    born date,
    constraint riders_are_of_age check (born is null or born < date '2010-01-01')
);
insert into riders.riders (id, joined, name, email)
    select md5('rider ' || n)::uuid, timestamptz '2019-05-01 08:00+02' + n * interval '7 hours', 'Rider №' || n,
           case when n % 4 <> 0 then 'rider' || n || '@example.org' end
      from generate_series(1, 40) as n;
