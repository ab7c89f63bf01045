drop type fleet.to_come;
drop type fleet.key_code cascade;
