drop trigger riders_open_account on riders.riders;
drop function billing.open_account();
