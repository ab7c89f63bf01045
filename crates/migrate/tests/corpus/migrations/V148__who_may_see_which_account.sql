alter table billing.accounts enable row level security;
create policy accounts_of_oneself on billing.accounts for select to public
    using (rider::text = current_setting('app.rider', true));
create policy accounts_for_clerks on billing.accounts as restrictive for update to pg_read_all_stats
    using (balance_cents > -100000) with check (balance_cents > -50000);
