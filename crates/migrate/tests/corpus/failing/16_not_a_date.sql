select 'ñ', date '2021-02-30';
