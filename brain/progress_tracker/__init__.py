"""Events of runs, from the process that runs to everybody who watches."""
