alter table support.complaints add column answer text default 'Liebe Kundin, lieber Kunde, wir haben Ihre Nachricht erhalten; wir melden uns, sobald wir mehr wissen. Ihr Rad';
alter table support.complaints add constraint complaints_with_a_very_long_name_that_is_cut_off_by_the_server_itself check (answer <> 'Liebe Kundin, lieber Kunde, wir haben Ihre Nachricht erhalten; wir melden uns');
