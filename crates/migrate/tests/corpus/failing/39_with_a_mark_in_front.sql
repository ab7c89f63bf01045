select 'é', nichts from things;
