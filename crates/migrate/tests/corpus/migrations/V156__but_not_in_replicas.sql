alter event trigger by_hand enable always;
alter table riders.riders enable always trigger riders_open_account;
alter table billing.tariffs disable trigger tariffs_note;
