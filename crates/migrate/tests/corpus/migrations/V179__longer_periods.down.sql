drop type billing.span;
drop function billing.minutes_between(int4, int4);
