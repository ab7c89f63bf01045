select 'there is no way to take out a value';
