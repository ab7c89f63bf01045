create type fleet.key_code;
create function fleet.key_code_in(cstring) returns fleet.key_code language internal immutable strict as 'int4in';
create function fleet.key_code_out(fleet.key_code) returns cstring language internal immutable strict as 'int4out';
create type fleet.key_code (input = fleet.key_code_in, output = fleet.key_code_out, like = integer, category = 'N');
create type fleet.to_come;
