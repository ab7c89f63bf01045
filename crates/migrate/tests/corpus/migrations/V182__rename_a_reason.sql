alter type support.reason rename value 'map' to 'the map';
alter type support.reason add value 'app crashes' before 'bell';
