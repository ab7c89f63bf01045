select 'é' +;
