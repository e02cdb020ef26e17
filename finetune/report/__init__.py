"""`dungeon report`: what tuning on your own text buys, as one page with charts."""
