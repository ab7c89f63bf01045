delete from billing.tariffs where code = 'year';
