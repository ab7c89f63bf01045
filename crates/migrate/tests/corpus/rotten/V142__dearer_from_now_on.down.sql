update billing.tariffs set cents_a_minute = cents_a_minute / 1.1 where code = 'none';
