drop function report.open_things();
