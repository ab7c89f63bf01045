drop procedure report.freshen();
