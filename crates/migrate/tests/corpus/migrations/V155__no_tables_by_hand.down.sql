drop event trigger by_hand;
drop function audit.on_ddl();
