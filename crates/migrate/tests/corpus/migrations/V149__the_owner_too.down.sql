alter table billing.accounts no force row level security;
