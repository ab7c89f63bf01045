drop policy accounts_of_oneself on billing.accounts;
drop policy accounts_for_clerks on billing.accounts;
