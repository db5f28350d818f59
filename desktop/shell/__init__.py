"""How the program shows itself: a window, the browser, or only an address; one instance per data folder."""
