/* Ωμέγα */ insert into things values (3, 'ωμέγα';
