create database left_over;
