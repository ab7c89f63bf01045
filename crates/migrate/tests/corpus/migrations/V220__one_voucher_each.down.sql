drop publication all_of_partners;
drop publication open_bills;
drop view report.own_bills;
alter table billing.vouchers drop constraint vouchers_one_each;
