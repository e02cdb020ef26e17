"""How an adventure begins: the scenario, the game's own scenarios, the player's, and the editor's drafts."""
