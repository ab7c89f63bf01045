select 'a view does no harm';
