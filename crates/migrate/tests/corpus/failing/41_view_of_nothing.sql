create view left_over as
    select id, 'ß' as ß
      from (select id from thingz) as ding;
