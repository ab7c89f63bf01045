select 'é';
do $é$ begin perform 1; end $e$;
