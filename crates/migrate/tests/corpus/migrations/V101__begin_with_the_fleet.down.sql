drop schema fleet;
