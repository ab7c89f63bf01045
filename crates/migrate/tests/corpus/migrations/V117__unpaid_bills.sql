create index bills_unpaid on billing.bills (written) where paid_on is null;
create view billing.unpaid with (security_barrier = true) as
    select b.number, b.rider, b.cents, r.name
      from billing.bills as b join riders.riders as r on r.id = b.rider
     where b.paid_on is null;
