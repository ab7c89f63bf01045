-- größer
VACUUM (analyze) things;
