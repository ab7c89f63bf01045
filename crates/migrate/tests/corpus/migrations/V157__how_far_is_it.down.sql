drop operator fleet.<-> (fleet.place, fleet.place);
drop function fleet.metres(fleet.place, fleet.place);
