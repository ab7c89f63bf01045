drop operator class fleet.frame_ops using btree;
drop operator family fleet.frames using btree;
drop operator fleet.># (text, text);
drop operator fleet.<# (text, text);
drop function fleet.gt(text, text);
drop function fleet.lt(text, text);
drop function fleet.by_number(text, text);
