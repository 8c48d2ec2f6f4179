"""From a written pipeline to a checked graph that can be run or drawn."""
