update rides.rides set town = null where town = 'ULM';
