select größe from things;
