alter table billing.tariffs enable trigger tariffs_note;
alter table riders.riders enable trigger riders_open_account;
alter event trigger by_hand enable;
