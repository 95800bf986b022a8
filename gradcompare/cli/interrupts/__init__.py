"""How the command line ends before its work does: signals, a lost parent, a closed pipe."""
