insert into things values (11, 'ääääääääääääääääääääääääääääääääääääääääääääääääääääääääääääää'); select nichts from things;
