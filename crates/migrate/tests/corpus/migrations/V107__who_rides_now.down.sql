drop view rides.under_way;
