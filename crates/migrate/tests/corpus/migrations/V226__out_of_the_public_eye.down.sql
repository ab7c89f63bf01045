comment on schema public is 'standard public schema';
grant usage on schema public to public;
