create index left_over on things (name, (größe + 1));
