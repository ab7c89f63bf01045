drop schema Sonder-Fälle cascade;
