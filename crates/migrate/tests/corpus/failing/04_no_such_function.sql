select 'ä' as "ä", 日本語(1) from things;
