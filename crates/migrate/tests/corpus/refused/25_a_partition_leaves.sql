alter table things detach partition things_2020 concurrently;
