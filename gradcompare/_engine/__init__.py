"""One case, from problem to result: settings, points, verdict, diagnosis, timing."""
