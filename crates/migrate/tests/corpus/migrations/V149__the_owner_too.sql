alter table billing.accounts force row level security;
