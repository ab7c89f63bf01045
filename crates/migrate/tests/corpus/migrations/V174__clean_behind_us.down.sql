select 'there is nothing to undo';
