drop procedure report.tidy(bigint, interval);
drop language night;
