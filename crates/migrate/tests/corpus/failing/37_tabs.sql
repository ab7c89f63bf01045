select	'ü',	nichts	from	things;
