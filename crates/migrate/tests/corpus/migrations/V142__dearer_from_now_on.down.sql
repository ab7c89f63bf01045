delete from billing.tariffs where code = 'night';
update billing.tariffs set cents_a_minute = 9.50 where code = 'none';
