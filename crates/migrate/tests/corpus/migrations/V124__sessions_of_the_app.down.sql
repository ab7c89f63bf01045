drop table riders.app_sessions;
