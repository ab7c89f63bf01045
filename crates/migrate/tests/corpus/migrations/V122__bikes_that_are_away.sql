alter type fleet.bike_state add value if not exists 'stolen' after 'ridden';
