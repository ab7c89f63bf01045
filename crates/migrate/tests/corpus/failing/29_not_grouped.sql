select 'ä', name, count(*) from things;
