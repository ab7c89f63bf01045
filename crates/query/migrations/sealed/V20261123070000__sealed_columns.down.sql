drop table pgkeel.rotation_failure;
drop table pgkeel.rotation_range;
drop table pgkeel.rotation;
drop table pgkeel.sealed_index;
drop table pgkeel.sealed_column;
