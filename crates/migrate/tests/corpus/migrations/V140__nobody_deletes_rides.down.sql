drop rule rides_stay on rides.rides;
