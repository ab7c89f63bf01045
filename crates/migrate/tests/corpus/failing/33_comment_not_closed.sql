select 'ähnlich';
/* größer als
   gedacht
