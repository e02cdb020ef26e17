"""How an adventure begins: the scenario model, those of the game and those of the player."""
