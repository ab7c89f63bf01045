select 'é'; discard all;
