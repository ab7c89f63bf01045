create table support.answers (
    complaint bigint not null references support.complaints on delete cascade,
    number smallint not null,
    by_whom name not null default current_user,
    words text not null,
    primary key (complaint, number)
);
create rule answers_stay as on delete to support.answers do instead nothing;
