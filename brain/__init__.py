"""The Brain: plain words become a checked pipeline of tools that runs while you watch and is remembered."""
