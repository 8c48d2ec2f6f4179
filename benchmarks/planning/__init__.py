"""Training of the planner's ranker on examples written by hand: `train` fits arguments, `choose` fits tools."""
