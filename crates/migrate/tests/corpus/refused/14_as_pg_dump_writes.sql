--
-- a dump
--

\restrict 4711canary

set statement_timeout = 0;
create table left_over (id int);

\unrestrict 4711canary
