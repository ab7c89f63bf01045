select 'ключ', id
  from things join parts on true;
